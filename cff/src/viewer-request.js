// viewer-request: the request is tagged with its visitor's partition, before the cache is asked.

function answer(event, release) {
    const request = event.request;
    let side = REGULAR;
    try {
        const decided = decide(event, release).side;
        // A move that fails leaves the request where it was, so it must not be tagged as moved: the cache would mix.
        if (decided === ONE_BOX && MOVES) move();
        side = decided;
    } catch (error) {
        console.log('onebox: regular: ' + error);
    }
    // The whole header is replaced: what a viewer sends under its name never passes.
    if (request && request.headers) request.headers[HEADER] = { value: side };
    return request;
}

function move() {
    if (ONE_BOX_ID) {
        cf.selectRequestOriginById(ONE_BOX_ID, ONE_BOX_ORIGIN);
    } else {
        cf.updateRequestOrigin(ONE_BOX_ORIGIN);
    }
}
