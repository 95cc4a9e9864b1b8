// The decision: a valid override, then a share of 0, then a crawler, then a valid pin, then the first key that yields.

const ONE_BOX = 'one-box';
const REGULAR = 'regular';

/** The visitor's side, whether a token forces it, and the bucket that a key has drawn or else -1. */
function decide(event, release) {
    const request = event.request;
    if (OVERRIDE_SECRET) {
        const side = forced(request, Date.now());
        if (side) return { side: side, isForced: true, drawn: -1 };
    }
    const share = SCHEDULED ? shareAt(release.share, Date.now()) : release.share;
    if (!share || (CRAWLERS && isCrawler(first(request.headers, 'user-agent')))) {
        return { side: REGULAR, drawn: -1 };
    }
    if (PIN_COOKIE) {
        const bucket = pinned(release.id, trim(first(request.cookies, PIN_COOKIE)));
        if (bucket >= 0) return { side: sideOf(bucket, share), drawn: -1 };
    }
    for (let at = 0; at < KEYS.length; at++) {
        const key = keyOf(KEYS[at], event);
        if (key) {
            const bucket = bucketOf(release.salt + ':' + key);
            return { side: sideOf(bucket, share), drawn: bucket };
        }
    }
    return { side: REGULAR, drawn: -1 };
}

/** Whether a User-Agent has one of the crawlers' texts in it and none that says otherwise. */
function isCrawler(agent) {
    const text = folded(agent);
    return CRAWLERS.test(text) && !(NO_CRAWLERS && NO_CRAWLERS.test(text));
}

/**
 * A text whose ASCII letters are in lower case. The flag `i` of a regular expression takes other letters for ASCII ones, and
 * so does toLowerCase, which is much faster: the Kelvin sign is a k to them.
 */
function folded(text) {
    if (!/[^\0-\x7f]/.test(text)) return text.toLowerCase();
    return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function sideOf(bucket, share) {
    return bucket < share ? ONE_BOX : REGULAR;
}

/** The share at a moment: a number, or of the last step [at, share] whose time has come; before the first, none. */
function shareAt(share, now) {
    if (typeof share === 'number') return share;
    for (let at = share.length - 1; at >= 0; at--) {
        if (share[at][0] <= now) return share[at][1];
    }
    return 0;
}
