// The release in a CloudFront KeyValueStore: {"release":{"id":"web-1","share":"5%"}}, or a list of steps as the share.
// What cannot be read, or is not exactly that, does not count: the packaged release does.

/** The release that a value holds. */
function releaseIn(text) {
    const value = JSON.parse(text);
    demand(Object.keys(value).join() === 'release', 'a release');
    const release = value.release;
    demand(Object.keys(release).sort().join() === 'id,share', 'id and share');
    matched(/^[A-Za-z0-9_-]{1,64}/, release.id);
    const share = Array.isArray(release.share) ? steps(release.share) : thousandths(release.share);
    return { id: release.id, salt: SALT || release.id, share: share };
}

function steps(list) {
    demand(list.length > 0, 'a step');
    let before = -Infinity;
    return list.map((step) => {
        demand(Object.keys(step).sort().join() === 'at,share', 'at and share');
        const at = timeIn(step.at);
        demand(at > before, 'ascending steps');
        before = at;
        return [at, thousandths(step.share)];
    });
}

/** The thousandths of a percent in '5%' or '0.125%'. */
function thousandths(share) {
    const parts = matched(/^([0-9]+)(\.[0-9]{1,3})?%/, share);
    const number = Number(parts[1]) * 1000 + Number(((parts[2] || '.') + '000').slice(1, 4));
    demand(number <= 100000, 'at most 100%');
    return number;
}

/** The milliseconds since 1970 of a time of RFC 3339. */
function timeIn(text) {
    const form =
        /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([Zz]|([+-])([0-9]{2}):([0-9]{2}))/;
    const parts = matched(form, text);
    const field = (at) => Number(parts[at] || 0);
    // Date takes a year below 100 for one of the 20th century: 400 years later the calendar is the same.
    const year = field(1) + 400;
    const lastDay = new Date(Date.UTC(year, field(2), 0)).getUTCDate();
    demand(field(2) >= 1 && field(2) <= 12 && field(3) >= 1 && field(3) <= lastDay, 'a date');
    demand(field(4) <= 23 && field(5) <= 59 && field(6) <= 60 && field(10) <= 23 && field(11) <= 59, 'a time of day');
    const millis = Number(((parts[7] || '.') + '000').slice(1, 4));
    const offset = (field(10) * 60 + field(11)) * (parts[9] === '-' ? -1 : 1);
    return Date.UTC(year, field(2) - 1, field(3), field(4), field(5) - offset, field(6), millis) - 146097 * 86400000;
}

/** The parts of a text that matches as a whole. A `$` would allow a line feed behind it in some engines. */
function matched(form, text) {
    const parts = typeof text === 'string' ? form.exec(text) : null;
    demand(parts && parts[0].length === text.length, 'another form');
    return parts;
}

function demand(holds, expected) {
    if (!holds) throw new Error('expected ' + expected);
}
