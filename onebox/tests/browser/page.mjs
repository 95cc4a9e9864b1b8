// A person at the demo's own page: sees the pin, forces a side and takes it back, becomes another, watches a ramp.
// `node page.mjs http://127.0.0.1:8080` prints one line of JSON; it fails if anything does not hold.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { faults, start } from './browser.mjs';

const [demo] = process.argv.slice(2);
assert.ok(demo, 'usage: node page.mjs URL');
const profile = await mkdtemp(join(tmpdir(), 'onebox-browser-'));
const { context, page } = await start(profile);
try {
  const found = faults(page);
  await page.goto(`${demo}/__onebox/`);
  const shop = page.frameLocator('#shop');

  await page.locator('#your-pin', { hasText: /^Your pin: __Host-onebox=demo\.\d+\.[0-9a-f]{16}, / }).waitFor();
  const first = await page.locator('#your-pin').textContent();
  await page.locator('#your-reason', { hasText: /decided by pin$/ }).waitFor();

  for (const [side, release] of [['one-box', 'B'], ['regular', 'A']]) {
    await page.getByRole('button', { name: `Force ${side}` }).click();
    await page.locator('#your-reason', { hasText: /decided by override$/ }).waitFor();
    await page.locator(`#your-side.${side}`).waitFor();
    await shop.locator(`html[data-ready=${release}]`).waitFor();
  }
  await page.getByRole('button', { name: 'No override' }).click();
  await page.locator('#your-reason', { hasText: /decided by pin$/ }).waitFor();
  assert.equal(await page.locator('#your-pin').textContent(), first, 'an override leaves the pin alone');

  await page.getByRole('button', { name: 'Become another visitor' }).click();
  await page.waitForFunction((first) => {
    const { textContent } = document.getElementById('your-pin');
    return textContent.startsWith('Your pin: ') && textContent !== first;
  }, first);

  await page.getByLabel('Ramp from 1 % to 100 %').fill('5');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.locator('#ramp path[d^=M0]').waitFor();
  await page.locator('#ramp-said', { hasText: 'the ramp has ended' }).waitFor();
  assert.equal(await page.locator('#configured').textContent(), '100%');
  await page.locator('#your-side.one-box').waitFor();
  await page.getByRole('button', { name: 'Reload the shop' }).click();
  await shop.locator('html[data-ready=B]').waitFor();

  assert.deepEqual(found, []);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
  console.log(JSON.stringify({ pin: true, override: true, anotherVisitor: true, ramp: true, faults: 0 }));
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
