export async function handler(event) {
    let release = RELEASE;
    try {
        const text = await cf.kvs(STORE).get(STORE_KEY);
        demand(typeof text === 'string', 'a text');
        release = releaseIn(text);
    } catch (error) {
        console.log('onebox: the packaged release counts: ' + error);
    }
    return answer(event, release);
}
