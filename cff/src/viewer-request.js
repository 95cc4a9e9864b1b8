// viewer-request: the request is tagged with its visitor's partition, before the cache is asked.

function answer(event, release) {
    let request;
    let isForced = false;
    try {
        if (event.response) {
            console.log('onebox: expected an event of viewer-request');
            return event.response;
        }
        request = event.request;
        // Regular until everything has worked: a request that cannot be tagged is not moved, and one that cannot be moved
        // is not tagged as moved, because the cache would mix them.
        tag(request, REGULAR);
        const decided = decide(event, release);
        if (decided.side === ONE_BOX && MOVES) move();
        tag(request, decided.side);
        isForced = decided.isForced;
    } catch (error) {
        console.log('onebox: regular: ' + error);
    }
    if (FORWARD_HOST) {
        try {
            forwardHost(request.headers);
        } catch (error) {
            console.log('onebox: no host: ' + error);
        }
    }
    if (REMOVES_TOKEN) {
        try {
            removeToken(request, isForced);
        } catch (error) {
            console.log('onebox: the token stays: ' + error);
        }
    }
    return request;
}

/** Replaces the whole header: what a viewer sends under its name never passes. */
function tag(request, side) {
    request.headers[HEADER] = { value: side };
}

/** Passes the viewer's host on, if it is one, and never what a viewer sends under the header's name. */
function forwardHost(headers) {
    const host = first(headers, 'host');
    if (host && host.length < 256 && !/[^A-Za-z0-9._:\[\]-]/.test(host)) headers[FORWARD_HOST] = { value: host };
    else delete headers[FORWARD_HOST];
}

/** A token is no concern of an origin: whoever reads it could use it. */
function removeToken(request, isForced) {
    delete request.headers[OVERRIDE_HEADER];
    if (request.cookies) delete request.cookies[OVERRIDE_COOKIE];
    // viewer-response may see the request without the token: this tells it not to pin.
    if (FORCED_HEADER) {
        if (isForced) request.headers[FORCED_HEADER] = { value: 'true' };
        else delete request.headers[FORCED_HEADER];
    }
}

function move() {
    if (ONE_BOX_ID) {
        cf.selectRequestOriginById(ONE_BOX_ID, ONE_BOX_ORIGIN);
    } else {
        cf.updateRequestOrigin(ONE_BOX_ORIGIN);
    }
}
