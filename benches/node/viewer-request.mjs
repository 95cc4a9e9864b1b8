// The packaged viewer-request handler beside hand-written ones, in one run.
//
//   node benches/node/viewer-request.mjs DIST
//
// DIST is a folder that `onebox package --config benches/node/onebox.toml --out DIST` wrote; benches/node/run.mjs does
// both. The rivals and what is asked of them stand in rivals.mjs.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { COOKIE, USER_AGENT, event, randomEvents } from './events.mjs';
import { race, ratio, row } from './rounds.mjs';
import { tuned, usual } from './rivals.mjs';

const CHECKED = 10_000;
const KEYS = ['cookie:session', 'header:user-agent'];
const TUNED = 'tuned JavaScript';
const USUAL = 'usual JavaScript';

const AsyncFunction = (async () => {}).constructor;

const SCENARIOS = [
  { title: 'cookie header of 210 bytes, 7 pairs', values: { Cookie: COOKIE, 'User-Agent': USER_AGENT }, required: true },
  { title: 'User-Agent of 110 bytes, no cookie', values: { 'User-Agent': USER_AGENT } },
  { title: 'no key', values: {} },
];

const bundle = resolve(process.argv[2] ?? 'dist', 'viewer-request');
const { release, partition } = JSON.parse(readFileSync(resolve(bundle, 'config.json'), 'utf8'));
const name = partition.header.toLowerCase();

if (isMainThread) {
  if (JSON.stringify(partition.keys) !== JSON.stringify(KEYS)) {
    throw new Error(`the rivals decide by ${KEYS}: package with benches/node/onebox.toml`);
  }
  console.log(`viewer-request on Node.js ${process.version}: median and quartiles, in turns`);
  await alone({ check: true });
  console.log(`onebox and the tuned rival gave the same answers to ${CHECKED} random requests\n`);
  for (const scenario of SCENARIOS) await alone({ scenario });
} else {
  const { handler } = await import(pathToFileURL(resolve(bundle, 'index.mjs')));
  const percent = parseFloat(release.share);
  const options = { cookie: 'session', salt: partition.salt, header: partition.header, percent, buckets: percent * 1000 };
  const contenders = { onebox: handler, [TUNED]: tuned(options), [USUAL]: usual(options) };
  if (workerData.check) await sameAnswers(contenders);
  else await measure(contenders, workerData.scenario);
}

/**
 * Runs a task in a V8 of its own. What V8 learns of odd texts while the answers are checked would slow the rivals down
 * when they are measured: two to four times, on Node.js 20.
 */
function alone(task) {
  return new Promise((done, failed) => {
    const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: task });
    worker.on('error', failed).on('exit', done);
  });
}

async function sameAnswers(contenders) {
  const counts = { 'one-box': 0, regular: 0 };
  for (const asked of randomEvents(CHECKED)) {
    const before = JSON.stringify(asked);
    const answer = async (handler) => JSON.stringify(await handler(JSON.parse(before)));
    const [ours, theirs] = [await answer(contenders.onebox), await answer(contenders[TUNED])];
    if (ours !== theirs) throw new Error(`different answers to ${before}:\n${ours}\n${theirs}`);
    counts[JSON.parse(ours).headers[name][0].value]++;
  }
  // Answers that are the same because nobody decides anything would prove nothing.
  if (counts['one-box'] < CHECKED / 20 || counts.regular < CHECKED / 20) throw new Error(JSON.stringify(counts));
}

async function measure(contenders, { title, values, required }) {
  const works = Object.entries(contenders).map(([name, handler]) => [name, repeat(handler, values)]);
  const rounds = await race(Object.fromEntries(works));
  console.log(title);
  for (const [name, numbers] of Object.entries(rounds)) console.log(row(name, numbers, 'ns'));
  console.log(ratio(rounds, USUAL, 'onebox', required ? { atLeast: 15 } : {}));
  console.log(ratio(rounds, TUNED, 'onebox', required ? { atLeast: 1.6 } : {}) + '\n');
}

/**
 * Answers as often as asked. The events are different objects with different texts, as with real traffic: V8 keeps what
 * it has computed of a text that it has met before.
 */
function repeat(handler, values) {
  const events = Array.from({ length: 512 }, () => JSON.parse(JSON.stringify(event(values))));
  // A loop of its own for each contender: a shared one would call all of them from one place, and inline none.
  const loop = new AsyncFunction('handler', 'events', 'name', 'times', `
    for (let at = 0; at < times; at++) {
      if ((await handler(events[at & 511])).headers[name] === undefined) throw new Error('no answer');
    }`);
  return (times) => loop(handler, events, name, times);
}
