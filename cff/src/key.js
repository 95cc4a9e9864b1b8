// The key chain. A part is ['cookies', name], ['headers', name], ['client-ip'] or ['client-ip', '', prefix length].

/** The key of an entry, if every part yields: the values joined with a line feed. */
function keyOf(entry, event) {
    let key = '';
    for (let at = 0; at < entry.length; at++) {
        const value = valueOf(entry[at], event);
        if (!value) return '';
        key += (at ? '\n' : '') + value;
    }
    return key;
}

function valueOf(part, event) {
    if (part[1]) return trim(first(event.request[part[0]], part[1]));
    const ip = event.viewer && event.viewer.ip;
    if (typeof ip !== 'string') return '';
    return NETWORKS && part[2] ? networkOf(ip, part[2]) : ip;
}
