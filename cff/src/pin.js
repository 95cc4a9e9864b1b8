// Pins: <release id>.<bucket>, or <release id>.<bucket>.<tag> with a secret.

/** The pin for a bucket. */
function pinOf(id, bucket) {
    const pin = id + '.' + bucket;
    return PIN_SECRET ? pin + '.' + tagOf(PIN_SECRET, pin, 16) : pin;
}

/** The bucket in a pin; -1 if it is of another release or somebody has changed it. */
function pinned(id, pin) {
    const parts = pin.split('.');
    if (parts.length !== (PIN_SECRET ? 3 : 2) || parts[0] !== id) return -1;
    const bucket = whole(parts[1], 5);
    return bucket < 0 || !PIN_SECRET || isSame(tagOf(PIN_SECRET, id + '.' + parts[1], 16), parts[2]) ? bucket : -1;
}
