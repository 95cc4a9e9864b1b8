// viewer-response: a visitor whose bucket comes from a key gets a cookie that remembers it.

function answer(event, release) {
    let message;
    try {
        message = event.response;
        if (!message) {
            console.log('onebox: expected an event of viewer-response');
            message = event.request;
            // Nothing else tags this request: what a viewer sends under the header's name never passes.
            message.headers[HEADER] = { value: REGULAR };
            return message;
        }
        // A valid pin decides before any key: if a key has drawn, there is none, or a stale one.
        // Whether the token of a forced visitor is still in this request is not documented; one of the two is.
        const isForced = FORCED_HEADER && event.request.headers[FORCED_HEADER];
        const bucket = isForced ? -1 : decide(event, release).drawn;
        if (bucket >= 0) {
            const cookies = message.cookies || (message.cookies = {});
            cookies[PIN_COOKIE] = { value: pinOf(release.id, bucket), attributes: PIN_ATTRIBUTES };
        }
    } catch (error) {
        console.log('onebox: no pin: ' + error);
    }
    return message;
}
