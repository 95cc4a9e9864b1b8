// New visitors open the first page of a site that sets its session cookie with it, behind `onebox serve` with what
// `onebox init` writes; then without the pin, to see that this finds what breaks.
// `node first.mjs PATH-OF-ONEBOX` prints one line of JSON; it fails if a page breaks with the pin, or none without it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { launch } from './browser.mjs';

const VISITORS = 40;
const PIN = '__Host-onebox';

const [program] = process.argv.slice(2);
assert.ok(program, 'usage: node first.mjs PATH-OF-ONEBOX');
const folder = await mkdtemp(join(tmpdir(), 'onebox-first-'));
const sites = await Promise.all(['regular', 'one-box'].map(site));
const browser = await launch();
try {
  const file = join(folder, 'onebox.toml');
  assert.equal(spawnSync(program, ['init', file], { stdio: 'inherit' }).status, 0);
  // Half of them, so that a coin decides whether page and assets agree without the pin.
  const written = (await readFile(file, 'utf8')).replace('share = "5%"', 'share = "50%"');
  const pinned = await visit(written);
  assert.equal(pinned.broken, 0, 'a first page breaks with what init writes');
  assert.equal(pinned.pins, VISITORS, 'the browser keeps the pin');
  assert.ok(pinned.oneBox > 0 && pinned.oneBox < VISITORS, 'both sides are visited');
  const unpinned = await visit(written.replace('[pin]\ncookie = "__Host-onebox"', '').replace('\nmax_age = "7d"', ''));
  assert.ok(unpinned.broken > 0, 'without a pin half of the first pages break');
  assert.equal(unpinned.pins, 0);
  console.log(JSON.stringify({ visitors: VISITORS, pinned, unpinned }));
} finally {
  await browser.close();
  sites.forEach((server) => server.close());
  await rm(folder, { recursive: true, force: true });
}

/** An origin of one side: a page that sets a session for whoever has none, and the assets of this side alone. */
async function site(side) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    if (pathname === '/') {
      const headers = { 'Content-Type': 'text/html', 'Cache-Control': 'private, no-store' };
      if (!/\bsession=/.test(request.headers.cookie ?? '')) {
        headers['Set-Cookie'] = `session=${Math.random().toString(16).slice(2)}; Path=/; HttpOnly; SameSite=Lax`;
      }
      response.writeHead(200, headers).end(`<!doctype html><html data-side="${side}"><link rel="icon" href="data:,">
        <link rel="stylesheet" href="/app.${side}.css"><script src="/app.${side}.js" defer></script><p>Hello`);
    } else if (pathname === `/app.${side}.css` || pathname === `/app.${side}.js`) {
      const type = pathname.endsWith('css') ? 'text/css' : 'text/javascript';
      response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'max-age=3600' }).end('/* here */');
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** New visitors, one browser context and one User-Agent each, open the first page behind this configuration. */
async function visit(config) {
  const file = join(folder, 'served.toml');
  await writeFile(file, config);
  const addresses = ['regular', 'one-box'].flatMap((side, at) =>
    ['--origin-address', `${side}.example.com=127.0.0.1:${sites[at].address().port}`]);
  const args = ['serve', '--config', file, '--port', '0', '--json', '--origin-protocol', 'http', ...addresses];
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const lines = createInterface(server.stdout);
    const [first] = await once(lines, 'line');
    const { listening } = JSON.parse(first);
    const counts = { broken: 0, pins: 0, oneBox: 0 };
    for (let number = 0; number < VISITORS; number += 1) {
      const context = await browser.newContext({ userAgent: `Mozilla/5.0 (X11; Linux x86_64) Visitor/${number}` });
      const page = await context.newPage();
      const statuses = [];
      page.on('response', (response) => statuses.push(response.status()));
      await page.goto(`${listening}/`, { waitUntil: 'load' });
      assert.equal(statuses.length, 3, `a page and two assets: ${statuses}`);
      counts.broken += Number(statuses.some((status) => status !== 200));
      counts.oneBox += Number(await page.evaluate(() => document.documentElement.dataset.side) === 'one-box');
      counts.pins += Number((await context.cookies()).some(({ name, secure }) => name === PIN && secure));
      await context.close();
    }
    return counts;
  } finally {
    server.kill('SIGINT');
    await once(server, 'exit');
  }
}
