// Override tokens: <partition>.<expiry in unix seconds>.<tag>, in a header or else in a cookie.

function forced(request, now) {
    return checked(trim(first(request.headers, OVERRIDE_HEADER)), now)
        || checked(trim(first(request.cookies, OVERRIDE_COOKIE)), now);
}

/** The side that a token forces; an empty text if it is none of ours or has expired. */
function checked(token, now) {
    const parts = token.split('.');
    if (parts.length !== 3 || (parts[0] !== ONE_BOX && parts[0] !== REGULAR)) return '';
    const expiry = whole(parts[1], 12);
    if (expiry < 0 || now >= expiry * 1000) return '';
    return isSame(tagOf(OVERRIDE_SECRET, parts[0] + '.' + parts[1], 32), parts[2]) ? parts[0] : '';
}
