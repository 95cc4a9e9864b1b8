// The loader where something is wrong or unusual. `cargo test` lays out two bundles, the real viewer-request and one
// that traps at the cookie `trap=1`, and names their folder in ONEBOX_BUNDLES.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const bundles = process.env.ONEBOX_BUNDLES;
assert(bundles, 'ONEBOX_BUNDLES has to name the folder of bundles: run `cargo test`');

// At 20 % of the release web-2026-11-20.
const ONE_BOX = 'session=0005';
const REGULAR = 'session=0006';

let instances = 0;

/** A handler of its own: a module is evaluated once for every URL. */
async function fresh(folder) {
  const url = pathToFileURL(join(folder, 'index.mjs'));
  url.search = `${(instances += 1)}`;
  return (await import(url)).handler;
}

function event(...cookies) {
  const cookie = cookies.map((value) => ({ key: 'Cookie', value }));
  return { Records: [{ cf: { request: { clientIp: '198.51.100.7', uri: '/', headers: { cookie } } } }] };
}

function side(handler, ...cookies) {
  const lines = handler(event(...cookies)).headers['x-req-partition'];
  assert.equal(lines.length, 1);
  assert.equal(lines[0].key, 'X-Req-Partition');
  return lines[0].value;
}

test('a trap is regular and does not poison the next event', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const handler = await fresh(join(bundles, 'trap'));
  assert.equal(side(handler, 'side=one-box'), 'one-box');
  for (let round = 1; round <= 50; round++) {
    assert.equal(side(handler, 'trap=1'), 'regular');
    assert.equal(log.mock.callCount(), round, 'a line for every failure');
    assert.equal(side(handler, 'side=one-box'), 'one-box');
    assert.equal(side(handler, 'side=none'), 'regular');
    assert.equal(log.mock.callCount(), round, 'and none for what works');
  }
  for (const { arguments: words } of log.mock.calls) {
    assert.match(words.join(' '), /^onebox: viewer-request: RuntimeError: unreachable; regular$/);
  }
});

test('a decision that traps is regular and does not poison the next', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const { decider } = await import(pathToFileURL(join(bundles, 'trap', 'onebox.mjs')));
  const decide = decider(pathToFileURL(join(bundles, 'trap', 'index.mjs')));
  for (let round = 1; round <= 50; round++) {
    assert.deepEqual(decide({ headers: { cookie: 'trap=1' } }), { partition: 'regular', bucket: null, source: 'none' });
    assert.equal(log.mock.callCount(), round, 'a line for every failure');
    assert.equal(decide({ headers: { Cookie: 'side=one-box' } }).partition, 'one-box');
    assert.equal(log.mock.callCount(), round, 'and none for what works');
  }
  assert.match(log.mock.calls[0].arguments.join(' '), /^onebox: decide: RuntimeError: unreachable; regular$/);
});

test('a trap replaces what a viewer sent, too', async (t) => {
  t.mock.method(console, 'error', () => {});
  const handler = await fresh(join(bundles, 'trap'));
  const hostile = event('trap=1');
  hostile.Records[0].cf.request.headers['x-req-partition'] = [{ key: 'X-Req-Partition', value: 'one-box' }];
  assert.deepEqual(handler(hostile).headers['x-req-partition'], [{ key: 'X-Req-Partition', value: 'regular' }]);
});

test('a field that cannot be read is regular, with one line', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const handler = await fresh(join(bundles, 'viewer-request'));
  const broken = event(ONE_BOX);
  Object.defineProperty(broken.Records[0].cf.request.headers.cookie[0], 'value', {
    get() {
      throw new Error('no value');
    },
  });
  assert.equal(handler(broken).headers['x-req-partition'][0].value, 'regular');
  assert.equal(log.mock.callCount(), 1);
  assert.equal(side(handler, ONE_BOX), 'one-box');
});

test('huge cookies make the memory grow, and small ones after them are right', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const handler = await fresh(join(bundles, 'viewer-request'));
  for (const letter of ['v', 'é', '微', '😀', '\ud83d']) {
    for (const size of [1, 100, 4_095, 4_096, 4_097, 70_000, 1_000_000, 3_000_000]) {
      const other = `other=${letter.repeat(size / letter.length)}`;
      assert.equal(side(handler, `${other}; ${ONE_BOX}`), 'one-box', `${letter}, ${size}`);
      assert.equal(side(handler, REGULAR), 'regular', `after ${letter}, ${size}`);
      assert.equal(side(handler, other, REGULAR), 'regular', `${letter}, ${size}, two lines`);
      assert.equal(side(handler, ONE_BOX), 'one-box', `after ${letter}, ${size}`);
    }
  }
  assert.equal(log.mock.callCount(), 0);
});

test('what a decision does not need is never read', async () => {
  const handler = await fresh(join(bundles, 'viewer-request'));
  const read = [];
  const watched = event(ONE_BOX);
  const { request } = watched.Records[0].cf;
  const watch = (target) => new Proxy(target, { get: (of, name) => (read.push(name), of[name]) });
  request.headers = watch(request.headers);
  watched.Records[0].cf.request = watch(request);
  handler(watched);
  assert.ok(read.includes('cookie'));
  assert.ok(!read.includes('user-agent') && !read.includes('clientIp'), read.join());
});

test('a configuration that was not packaged for this module is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onebox-'));
  try {
    cpSync(join(bundles, 'viewer-request'), folder, { recursive: true });
    const good = readFileSync(join(folder, 'config.bin'));
    const refused = async (bytes) => {
      writeFileSync(join(folder, 'config.bin'), bytes);
      await assert.rejects(fresh(folder), {
        message: 'onebox: config.bin is not what this version of onebox packages; package it anew',
      });
    };
    await refused(Buffer.alloc(0));
    await refused(good.subarray(0, -1));
    await refused(Buffer.concat([good, Buffer.alloc(1)]));
    await refused('{"release":{"id":"web-1","share":"5%"}}');
    await refused(Buffer.alloc(100_000, 0xff));
    writeFileSync(join(folder, 'config.bin'), good);
    assert.equal(side(await fresh(folder), ONE_BOX), 'one-box');
    rmSync(join(folder, 'config.bin'));
    await assert.rejects(fresh(folder), /config\.bin/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a bundle needs no file outside it, no network, no child and no environment', () => {
  const folder = realpathSync(join(bundles, 'viewer-request'));
  const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
  // What is not taken away here, the permission model denies: every other file, child processes, workers, add-ons.
  const script = `
    import dns from 'node:dns';
    import net from 'node:net';
    import { existsSync, readFileSync } from 'node:fs';
    const deny = (what) => () => { throw new Error(what + ' was used'); };
    net.Socket.prototype.connect = deny('the network');
    dns.lookup = deny('the network');
    globalThis.fetch = deny('the network');
    // Node.js itself looks at the environment while it loads a module.
    const ours = (of, key) => {
      if (/(onebox|index)\\.mjs/.test(new Error().stack)) deny('the environment')();
      return of?.[key];
    };
    process.env = new Proxy({}, { get: ours, has: ours, ownKeys: (of) => (ours(of), []) });
    try { readFileSync(${JSON.stringify(process.execPath)}); throw new Error('a file outside was read'); }
    catch (error) { if (error.code !== 'ERR_ACCESS_DENIED') throw error; }
    const { handler } = await import(${JSON.stringify(pathToFileURL(join(folder, 'index.mjs')).href)});
    const event = ${JSON.stringify(event(ONE_BOX))};
    process.stdout.write(handler(event).headers['x-req-partition'][0].value);
  `;
  const args = [flag, `--allow-fs-read=${folder}/*`, '--no-warnings', '--input-type=module', '--eval', script];
  assert.equal(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }), 'one-box');
});
