// The golden events through the packaged handlers of one trigger. `cargo test` lays out the bundles, one folder for
// every configuration, and names their folder in ONEBOX_BUNDLES.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const bundles = process.env.ONEBOX_BUNDLES;
assert(bundles, 'ONEBOX_BUNDLES has to name the folder of bundles: run `cargo test`');
const trigger = basename(bundles);
const fixtures = fileURLToPath(new URL(`../fixtures/${trigger}`, import.meta.url));

for (const config of readdirSync(fixtures)) {
  const { handler } = await import(pathToFileURL(join(bundles, config, 'index.mjs')));
  for (const name of readdirSync(join(fixtures, config))) {
    const json = (file) => JSON.parse(readFileSync(join(fixtures, config, name, file), 'utf8'));

    test(`${trigger}, ${config}: ${name}`, async (t) => {
      const log = t.mock.method(console, 'error', () => {});
      const promise = handler(json('event.json'));
      assert(promise instanceof Promise, 'Lambda up to Node.js 22 uses nothing but a promise');
      const returned = await promise;
      assert.deepEqual(JSON.parse(JSON.stringify(returned)), json('expected.json'));
      const lines = log.mock.calls.map((call) => call.arguments.join(' '));
      assert.equal(lines.length, name.startsWith('unreadable-') ? 1 : 0, lines.join('\n'));
      for (const line of lines) assert.match(line, new RegExp(`^onebox: ${trigger}: expected `));
    });
  }
}
