export function handler(event) {
    return answer(event, RELEASE);
}
