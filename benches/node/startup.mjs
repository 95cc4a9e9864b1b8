// How much longer a packaged function takes to start than an empty one: import and first call in a fresh process, in
// pairs that take turns, for each of the bundles; and how large each zip file is.
//
//   node benches/node/startup.mjs DIST
//
// DIST is a folder that `onebox package --config benches/node/pins.toml --out DIST` wrote; benches/node/run.mjs does
// both.

import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COOKIE, USER_AGENT, event, originRequest, originResponse, viewerResponse } from './events.mjs';
import { verdict } from './rounds.mjs';

const PAIRS = 41;
const AT_MOST_MS = 5;
const AT_MOST_BYTES = 64 * 1024;

const dist = resolve(process.argv[2] ?? 'dist');
const probe = fileURLToPath(new URL('startup-probe.mjs', import.meta.url));
const empty = fileURLToPath(new URL('empty.mjs', import.meta.url));
const events = {
  'viewer-request': event({ Cookie: COOKIE, 'User-Agent': USER_AGENT }),
  'origin-request': originRequest(),
  'origin-response': originResponse(),
  'viewer-response': viewerResponse({ Cookie: COOKIE, 'User-Agent': USER_AGENT }),
};

console.log(`start-up on Node.js ${process.version}: import and first call, ${PAIRS} pairs of fresh processes`);
console.log(`${'  ms'.padEnd(34)}   median       min       max`);
for (const [trigger, asked] of Object.entries(events)) {
  const pairs = Array.from({ length: PAIRS }, (_, round) => pair(resolve(dist, trigger, 'index.mjs'), asked, round));
  console.log(row(`empty handler beside ${trigger}`, pairs.map(([, empty]) => empty)));
  console.log(row(trigger, pairs.map(([ours]) => ours)));
  const over = pairs.map(([ours, empty]) => ours - empty);
  console.log(row('over the empty handler', over) + verdict(median(over), { atMost: AT_MOST_MS }));
}
console.log('\nzip files, bytes');
for (const trigger of Object.keys(events)) {
  const { size } = statSync(resolve(dist, `${trigger}.zip`));
  console.log(`  ${trigger.padEnd(32)}${String(size).padStart(9)}${verdict(size, { atMost: AT_MOST_BYTES })}`);
}

/** Ours and the empty one, each first in every other pair. */
function pair(ours, asked, round) {
  const text = JSON.stringify(asked);
  if (round % 2 === 0) return [start(ours, text), start(empty, text)];
  const second = start(empty, text);
  return [start(ours, text), second];
}

function start(module, text) {
  return Number(execFileSync(process.execPath, [probe, module, text], { encoding: 'utf8' }));
}

function row(name, numbers) {
  const show = (number) => number.toFixed(2).padStart(9);
  return `  ${name.padEnd(32)}${show(median(numbers))} ${show(Math.min(...numbers))} ${show(Math.max(...numbers))}`;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
