// The loader where something is wrong or unusual. `cargo test` lays out the bundles of all triggers and one that traps at
// the cookie `trap=1`, and names their folder in ONEBOX_BUNDLES.

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

async function side(handler, ...cookies) {
  const lines = (await handler(event(...cookies))).headers['x-req-partition'];
  assert.equal(lines.length, 1);
  assert.equal(lines[0].key, 'X-Req-Partition');
  return lines[0].value;
}

test('a trap is regular and does not poison the next event', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const handler = await fresh(join(bundles, 'trap'));
  assert.equal(await side(handler, 'side=one-box'), 'one-box');
  for (let round = 1; round <= 50; round++) {
    assert.equal(await side(handler, 'trap=1'), 'regular');
    assert.equal(log.mock.callCount(), round, 'a line for every failure');
    assert.equal(await side(handler, 'side=one-box'), 'one-box');
    assert.equal(await side(handler, 'side=none'), 'regular');
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
  assert.deepEqual((await handler(hostile)).headers['x-req-partition'], [{ key: 'X-Req-Partition', value: 'regular' }]);
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
  assert.equal((await handler(broken)).headers['x-req-partition'][0].value, 'regular');
  assert.equal(log.mock.callCount(), 1);
  assert.equal(await side(handler, ONE_BOX), 'one-box');
});

test('huge cookies make the memory grow, and small ones after them are right', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const handler = await fresh(join(bundles, 'viewer-request'));
  for (const letter of ['v', 'é', '微', '😀', '\ud83d']) {
    for (const size of [1, 100, 4_095, 4_096, 4_097, 70_000, 1_000_000, 3_000_000]) {
      const other = `other=${letter.repeat(size / letter.length)}`;
      assert.equal(await side(handler, `${other}; ${ONE_BOX}`), 'one-box', `${letter}, ${size}`);
      assert.equal(await side(handler, REGULAR), 'regular', `after ${letter}, ${size}`);
      assert.equal(await side(handler, other, REGULAR), 'regular', `${letter}, ${size}, two lines`);
      assert.equal(await side(handler, ONE_BOX), 'one-box', `after ${letter}, ${size}`);
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
  await handler(watched);
  assert.ok(read.includes('cookie'));
  assert.ok(!read.includes('user-agent') && !read.includes('clientIp'), read.join());
});

/** Every object in it frozen. */
function frozen(value) {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** Every object in it without a prototype. */
function bare(value) {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  return Object.assign(Object.create(null), Object.fromEntries(Object.entries(value).map(([name, of]) => [name, bare(of)])));
}

const thrower = () => {
  throw new Error('hands off');
};
const traps = ['get', 'set', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'defineProperty', 'getPrototypeOf'];
/** An object that throws at whatever is done to it. */
const hostile = () => new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, thrower])));

/** The events of all triggers; each with another function's association in mind. */
function events() {
  const headers = (values) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]));
  const viewer = () => ({
    clientIp: '198.51.100.7',
    uri: '/',
    headers: headers({ Cookie: ONE_BOX, 'X-Req-Partition': 'regular' }),
  });
  const origin = () => ({
    uri: '/',
    headers: headers({ Host: 'reg.execute-api.eu-west-1.amazonaws.com', 'X-Req-Partition': 'one-box' }),
    origin: { custom: { domainName: 'reg.execute-api.eu-west-1.amazonaws.com', path: '', port: 443, protocol: 'https' } },
  });
  const response = () => ({ status: '200', headers: headers({ Vary: 'Accept-Encoding' }) });
  const wrap = (eventType, message) => ({ Records: [{ cf: { config: { eventType }, ...message } }] });
  return {
    'viewer-request': wrap('viewer-request', { request: viewer() }),
    'origin-request': wrap('origin-request', { request: origin() }),
    'origin-response': wrap('origin-response', { request: origin(), response: response() }),
    'viewer-response': wrap('viewer-response', { request: viewer(), response: response() }),
  };
}

const TRIGGERS = Object.keys(events());
const json = (value) => JSON.parse(JSON.stringify(value));
const messageOf = ({ Records: [{ cf }] }) => cf.response ?? cf.request;

test('whatever event a function is associated with, its message comes back, and is changed at its own alone', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  for (const trigger of TRIGGERS) {
    const handler = await fresh(join(bundles, trigger));
    for (const other of TRIGGERS) {
      const asked = events()[other];
      const before = json(messageOf(asked));
      const lines = log.mock.callCount();
      const returned = await handler(asked);
      assert.equal(log.mock.callCount() - lines, trigger === other ? 0 : 1, `${trigger} at ${other}`);
      if (trigger !== other) assert.deepEqual(json(returned), before, `${trigger} at ${other}`);
      else assert.notDeepEqual(json(returned), before, `${trigger} changes nothing`);
    }
  }
});

test('what cannot be changed is copied: a frozen, sealed or unusual event gets the answer of any other', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const readOnly = (event) => {
    const message = messageOf(event);
    Object.defineProperty(message, 'headers', { value: message.headers, writable: false, configurable: false });
    for (const name of Object.keys(message.headers)) Object.defineProperty(message.headers, name, { writable: false });
    return event;
  };
  const getters = (event) => {
    const message = messageOf(event);
    const { headers } = message;
    Object.defineProperty(message, 'headers', { get: () => Object.freeze(headers), enumerable: true });
    return event;
  };
  const shapes = {
    frozen,
    'frozen headers': (event) => (Object.freeze(messageOf(event).headers), event),
    'frozen message': (event) => (Object.freeze(messageOf(event)), event),
    'frozen origin': (event) => (frozen(messageOf(event).origin), event),
    'frozen lines': (event) => (Object.values(messageOf(event).headers).forEach(frozen), event),
    sealed: (event) => (Object.seal(messageOf(event).headers), event),
    'without a prototype': bare,
    'read-only': readOnly,
    getters,
  };
  for (const trigger of TRIGGERS) {
    const handler = await fresh(join(bundles, trigger));
    const expected = json(await handler(events()[trigger]));
    for (const [name, shape] of Object.entries(shapes)) {
      const returned = await handler(shape(events()[trigger]));
      assert.deepEqual(json(returned), expected, `${trigger}, ${name}`);
    }
  }
  assert.equal(log.mock.callCount(), 0);
});

test('whatever throws in an event, the message comes back as it was or regular, with one line', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const getter = (object, name) => Object.defineProperty(object, name, { get: thrower, enumerable: true });
  for (const trigger of TRIGGERS) {
    const handler = await fresh(join(bundles, trigger));
    const places = {
      records: () => ({ Records: hostile() }),
      record: () => ({ Records: [hostile()] }),
      cf: () => ({ Records: [{ cf: hostile() }] }),
      config: (event) => (getter(event.Records[0].cf, 'config'), event),
      type: (event) => (getter(event.Records[0].cf.config, 'eventType'), event),
      message: (event) => (getter(event.Records[0].cf, trigger.endsWith('request') ? 'request' : 'response'), event),
      headers: (event) => (getter(messageOf(event), 'headers'), event),
      'headers, all': (event) => ((messageOf(event).headers = hostile()), event),
    };
    for (const [name, change] of Object.entries(places)) {
      const whole = events()[trigger];
      const message = messageOf(whole);
      const asked = change(whole);
      const lines = log.mock.callCount();
      const returned = await handler(asked);
      assert.equal(log.mock.callCount(), lines + 1, `${trigger}, ${name}`);
      assert.ok(returned === asked || returned === message, `${trigger}, ${name}`);
    }
  }
  // A value that throws decides nothing: regular, whatever the viewer sent.
  const asked = events()['viewer-request'];
  const { headers } = asked.Records[0].cf.request;
  headers['x-req-partition'] = [{ key: 'X-Req-Partition', value: 'one-box' }];
  getter(headers.cookie[0], 'value');
  const returned = await (await fresh(join(bundles, 'viewer-request')))(asked);
  assert.deepEqual(returned.headers['x-req-partition'], [{ key: 'X-Req-Partition', value: 'regular' }]);
});

test('what is no event comes back as it is', async (t) => {
  t.mock.method(console, 'error', () => {});
  for (const trigger of TRIGGERS) {
    const handler = await fresh(join(bundles, trigger));
    for (const nothing of [undefined, null, 7, 7n, NaN, '', 'text', true, Symbol.iterator, [], {}, () => {}, new Date(0)]) {
      assert.equal(await handler(nothing), nothing);
      assert.equal(await handler(nothing, {}, () => assert.fail('a callback was called')), nothing);
    }
  }
});

test('a bundle that is damaged passes every message on as it is, with a line for each', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const folder = mkdtempSync(join(tmpdir(), 'onebox-'));
  try {
    for (const trigger of TRIGGERS) {
      cpSync(join(bundles, trigger), folder, { recursive: true });
      const damage = async (name, bytes, why) => {
        const good = readFileSync(join(folder, name));
        if (bytes === undefined) rmSync(join(folder, name));
        else writeFileSync(join(folder, name), bytes(good));
        const handler = await fresh(folder);
        for (const other of TRIGGERS) {
          const lines = log.mock.callCount();
          const asked = events()[other];
          assert.deepEqual(json(await handler(asked)), json(messageOf(events()[other])));
          assert.equal(await handler(null), null);
          assert.equal(log.mock.callCount(), lines + 2);
          assert.match(log.mock.calls.at(-1).arguments.join(' '), why);
        }
        writeFileSync(join(folder, name), good);
      };
      const refused = /^onebox: Error: config\.bin is not what this version of onebox packages; package it anew; the /;
      await damage('config.bin', () => Buffer.alloc(0), refused);
      await damage('config.bin', (good) => good.subarray(0, -1), refused);
      await damage('config.bin', (good) => Buffer.concat([good, Buffer.alloc(1)]), refused);
      await damage('config.bin', () => '{"release":{"id":"web-1","share":"5%"}}', refused);
      await damage('config.bin', () => Buffer.alloc(100_000, 0xff), refused);
      await damage('config.bin', undefined, /^onebox: Error: ENOENT.*config\.bin/);
      await damage('handler.wasm', undefined, /^onebox: Error: ENOENT.*handler\.wasm/);
      await damage('handler.wasm', () => Buffer.alloc(0), /^onebox: CompileError: /);
      await damage('handler.wasm', (good) => good.subarray(0, 5000), /^onebox: CompileError: /);
    }
    const { decider } = await import(pathToFileURL(join(folder, 'onebox.mjs')));
    writeFileSync(join(folder, 'config.bin'), '');
    assert.throws(() => decider(pathToFileURL(join(folder, 'index.mjs'))), /config\.bin is not what/);
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
    process.stdout.write((await handler(event)).headers['x-req-partition'][0].value);
  `;
  const args = [flag, `--allow-fs-read=${folder}/*`, '--no-warnings', '--input-type=module', '--eval', script];
  assert.equal(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }), 'one-box');
});
