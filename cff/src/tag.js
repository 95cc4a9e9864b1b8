// Tags that only the holder of a secret can make.

/** The first hexadecimal digits of a text's HMAC-SHA256. */
function tagOf(secret, text, digits) {
    return require('crypto').createHmac('sha256', secret).update(text).digest('hex').slice(0, digits);
}

/** Whether two tags are the same; looks at all of them, so that the time does not tell how much of one is right. */
function isSame(tag, sent) {
    if (tag.length !== sent.length) return false;
    let different = 0;
    for (let at = 0; at < tag.length; at++) different |= tag.charCodeAt(at) ^ sent.charCodeAt(at);
    return different === 0;
}
