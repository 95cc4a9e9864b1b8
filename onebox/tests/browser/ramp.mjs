// One visitor opens 50 pages of the shop while the share goes from 1 % to 100 %, and restarts the browser half way.
// `node ramp.mjs http://127.0.0.1:8080 [SECONDS]` prints one line of JSON; it fails if anything does not hold.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ask, faults, start } from './browser.mjs';

const LOADS = 50;
const PATHS = ['/', '/tea/sencha', '/tea/assam', '/tea/oolong', '/tea/rooibos'];
const ASSETS = 12;
const PIN = '__Host-onebox';
const WEEK = 7 * 24 * 60 * 60;
// How long before the one step that moves this visitor no page is begun. The assets of a page that is loading at that
// very moment are asked for on the other side, which nothing at the edge can help.
const MARGIN = 2000;

const [demo, seconds = '30'] = process.argv.slice(2);
assert.ok(demo, 'usage: node ramp.mjs URL [SECONDS]');
const profile = await mkdtemp(join(tmpdir(), 'onebox-browser-'));
let browser;
try {
  const report = await run();
  console.log(JSON.stringify(report));
} finally {
  await browser?.context.close();
  await rm(profile, { recursive: true, force: true });
}

async function run() {
  browser = await start(profile);
  const bucket = await becomeSomebody(browser.page);
  const { ramp } = await ask(browser.page, 'ramp', { seconds: Number(seconds) });
  const [first, last] = [ramp.steps[0].at, ramp.steps.at(-1).at];
  const moves = ramp.steps.find(({ share_buckets: share }) => bucket < share).at;

  const loads = [];
  const broken = [];
  let found = faults(browser.page);
  let before;
  for (let number = 0; number < LOADS; number += 1) {
    if (number === LOADS / 2) {
      before = await browser.context.cookies();
      await browser.context.close();
      browser = await start(profile);
      found = faults(browser.page);
      const after = await browser.context.cookies();
      assert.deepEqual(pinIn(after), pinIn(before), 'the pin is still there after a restart');
      assert.ok(!after.some(({ name }) => name === 'session'), 'the session has gone: the pin alone is left');
    }
    await sleep(Math.max(0, first + ((last - first) * number) / (LOADS - 1) - Date.now()));
    const wait = moves - Date.now();
    if (wait > 0 && wait < MARGIN) await sleep(wait + 1);
    const load = await open(browser.page, PATHS[number % PATHS.length]);
    loads.push(load);
    broken.push(...found.splice(0).map((what) => `load ${number}: ${what}`), ...load.wrong.map((what) => `load ${number}: ${what}`));
  }

  const { visitor, pin } = await ask(browser.page, 'state');
  const releases = loads.map(({ release }) => release).join('');
  const lines = loads.flatMap(({ pins }) => pins);
  assert.deepEqual(broken, [], releases);
  assert.match(releases, /^A+B+$/, 'one switch at most, and never back; over the whole ramp there is one');
  assert.equal(loads.findIndex(({ release }) => release === 'B'), loads.findIndex(({ began }) => began >= moves));
  assert.deepEqual([visitor.source, visitor.bucket, pin.bucket], ['pin', bucket, bucket], 'the pin holds the first bucket');
  assert.equal(lines.length, 1, 'the pin is written once');
  assert.match(lines[0], new RegExp(`^${PIN}=demo\\.${bucket}\\.[0-9a-f]{16};`));
  assert.deepEqual(attributes(lines[0]), ['httponly', `max-age=${WEEK}`, 'path=/', 'samesite=lax', 'secure']);
  const { path, secure, httpOnly, sameSite, expires } = pinIn(before);
  assert.deepEqual({ path, secure, httpOnly, sameSite }, { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' });
  assert.ok(Math.abs(expires - (loads[0].began / 1000 + WEEK)) < 60, `the browser keeps it for a week: ${expires}`);
  return { loads: LOADS, broken: 0, switches: 1, back: 0, restarts: 1, bucket, releases, setCookie: lines[0] };
}

/** Becomes a visitor whom the ramp moves, neither at its first step nor at its last; gives the bucket. */
async function becomeSomebody(page) {
  await page.goto(`${demo}/__onebox/state`);
  // The share has to be above zero for a bucket to be drawn.
  await ask(page, 'share', { share: '1%' });
  for (;;) {
    await ask(page, 'visitor', {});
    const { visitor } = await ask(page, 'state');
    if (visitor.bucket > 10_000 && visitor.bucket < 90_000) return visitor.bucket;
  }
}

/** Opens a page and looks at what a person would see, and at what came. */
async function open(page, path) {
  const began = Date.now();
  const assets = new Map();
  const arrived = (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith('/assets/')) assets.set(pathname, response.status());
  };
  page.on('response', arrived);
  const response = await page.goto(demo + path, { waitUntil: 'load' });
  page.off('response', arrived);
  const shown = await page.evaluate(() => ({
    release: document.documentElement.dataset.release,
    ready: document.documentElement.dataset.ready,
    broken: !document.getElementById('broken').hidden,
  }));
  const wrong = [];
  if (response.status() !== 200) wrong.push(`the page: ${response.status()}`);
  if (assets.size !== ASSETS) wrong.push(`${assets.size} of ${ASSETS} assets`);
  for (const [asset, status] of assets) if (status !== 200) wrong.push(`${asset}: ${status}`);
  if (shown.broken) wrong.push('it says that it is broken');
  if (shown.ready !== shown.release) wrong.push(`release ${shown.release} runs the script of ${shown.ready}`);
  const lines = (await response.headersArray()).filter(({ name }) => name.toLowerCase() === 'set-cookie');
  const pins = lines.map(({ value }) => value).filter((value) => value.startsWith(`${PIN}=`));
  return { began, release: shown.release, wrong, pins };
}

function pinIn(cookies) {
  return cookies.find(({ name }) => name === PIN);
}

function attributes(line) {
  return line.split(';').slice(1).map((text) => text.trim().toLowerCase()).sort();
}
