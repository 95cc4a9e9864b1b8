// A visitor's network: the leading bits of an address.

/** The network of an address as text: an IPv4 address, mapped or not, as a whole. Text that is not one address has none. */
function networkOf(ip, bits) {
    const tail = ip.slice(ip.lastIndexOf(':') + 1);
    if (tail.includes('.')) {
        const octets = tail.split('.').map((text) => whole(text, 3));
        if (octets.length !== 4 || octets.some((octet) => octet < 0 || octet > 255)) return '';
        if (tail === ip) return ip;
        // An IPv4 address at the end of an IPv6 address is its last two groups.
        const pair = (at) => (octets[at] * 256 + octets[at + 1]).toString(16);
        ip = ip.slice(0, -tail.length) + pair(0) + ':' + pair(2);
    }
    if (/[^0-9a-fA-F:]/.test(ip)) return '';
    const halves = ip.split('::').map((half) => (half ? half.split(':') : []));
    const missing = 8 - halves[0].length - (halves[1] ? halves[1].length : 0);
    if (halves.length > 2 || (halves[1] ? missing < 1 : missing)) return '';
    const texts = halves[0].concat(Array(missing).fill('0'), halves[1] || []);
    if (texts.some((text) => !text || text.length > 4)) return '';
    const groups = texts.map((text) => Number('0x' + text));
    if (groups.slice(0, 6).join() === '0,0,0,0,0,65535') {
        return [groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255].join('.');
    }
    return shortest(groups.map((group, at) => group & (65536 - (65536 >> Math.min(16, Math.max(0, bits - 16 * at))))));
}

/** Groups in lower case, the first of the longest runs of two zeros or more as `::`: RFC 5952, section 4. */
function shortest(groups) {
    const text = ':' + groups.map((group) => group.toString(16)).join(':') + ':';
    for (let zeros = 8; zeros > 1; zeros--) {
        const run = ':0'.repeat(zeros) + ':';
        const at = text.indexOf(run);
        // What stands around the run is without the colon at the text's end.
        if (at >= 0) return text.slice(1, Math.max(1, at)) + '::' + text.slice(at + run.length, -1);
    }
    return text.slice(1, -1);
}
