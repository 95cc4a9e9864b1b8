// Times a finished viewer-request function, and SHA-256 of the same bytes: njs -p FOLDER bench.js.
// The work is what is timed: the function decides, hashes and writes the header.

import handler from 'function.js';
import crypto from 'crypto';

const agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/14.0';
const session = 'abcdefghijklmnopqrstuvwxyz01234'.repeat(50).slice(0, 1500);

/** Microseconds of a call: the median of seven rounds. */
function micros(calls, call) {
    const rounds = [];
    for (let round = 0; round < 7; round++) {
        const start = Date.now();
        for (let at = 0; at < calls; at++) call();
        rounds.push(((Date.now() - start) * 1000) / calls);
    }
    return rounds.sort((a, b) => a - b)[3];
}

function report(name, limit, calls, text, event) {
    const ours = micros(calls, () => handler(event));
    const theirs = micros(calls, () => crypto.createHash('sha256').update(text).digest('hex'));
    console.log(`${name}: ${ours.toFixed(1)} us (at most ${limit}); SHA-256 of it ${theirs.toFixed(1)} us`);
}

const event = (headers, cookies) => ({ viewer: { ip: '198.51.100.7' }, request: { headers: headers, cookies: cookies } });

report(`User-Agent of ${agent.length} bytes`, 60, 2000, agent, event({ 'user-agent': { value: agent } }, {}));
report(`cookie of ${session.length} bytes`, 500, 500, session, event({}, { session: { value: session } }));
