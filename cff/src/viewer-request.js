// viewer-request: the request is tagged with its visitor's partition, before the cache is asked.

function answer(event, release) {
    // The function is associated with viewer-response: that event is about the response.
    if (event.response) return event.response;
    const request = event.request;
    try {
        // Regular until everything has worked: a request that cannot be tagged is not moved, and one that cannot be moved
        // is not tagged as moved, because the cache would mix them.
        tag(request, REGULAR);
        const side = decide(event, release).side;
        if (side === ONE_BOX && MOVES) move();
        tag(request, side);
    } catch (error) {
        console.log('onebox: regular: ' + error);
    }
    return request;
}

/** Replaces the whole header: what a viewer sends under its name never passes. */
function tag(request, side) {
    request.headers[HEADER] = { value: side };
}

function move() {
    if (ONE_BOX_ID) {
        cf.selectRequestOriginById(ONE_BOX_ID, ONE_BOX_ORIGIN);
    } else {
        cf.updateRequestOrigin(ONE_BOX_ORIGIN);
    }
}
