// What a person sees of a release whose backend fails: an alarm, and everything goes back; then another one, aborted.
// `node release.mjs http://127.0.0.1:8080` (of `onebox demo --release --fail`) prints one line of JSON; it fails if
// anything does not hold.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ask, faults, start } from './browser.mjs';

const [demo] = process.argv.slice(2);
assert.ok(demo, 'usage: node release.mjs URL');
const profile = await mkdtemp(join(tmpdir(), 'onebox-browser-'));
const { context, page } = await start(profile);
try {
  const found = faults(page);
  await page.goto(`${demo}/__onebox/`);
  const said = (text) => page.locator('#rollout-said', { hasText: text }).waitFor();
  const event = (text) => page.locator('#rollout-events li', { hasText: text }).first().waitFor();
  const fails = page.getByRole('switch', { name: 'Version 2 fails' });
  const button = (name) => page.getByRole('button', { name });

  // It begins because somebody looks.
  await page.getByRole('heading', { name: 'The release' }).waitFor();
  assert.equal(await fails.getAttribute('aria-checked'), 'true');
  await page.locator('#rollout-alarms', { hasText: /onebox-demo\/orders\/live\/2\/errors fired at .* everything was back/ }).waitFor();
  await said('Rolled back');
  await event('the alarm onebox-demo/orders/live/2/errors fired');
  await event('orders:live: wholly on version 1 again');
  await page.locator('#rollout-stages li.back', { hasText: 'roll back' }).waitFor();
  const { rollout: failed } = await ask(page, 'state');
  assert.deepEqual(failed.lanes.map(({ stands }) => stands), ['1', '1', '1']);
  assert.ok(failed.orders.meanwhile.failed > 0, 'visitors met the failing version');
  assert.ok(await button('Abort').isDisabled(), 'there is nothing to put back any more');
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });

  await fails.click();
  await page.locator('#rollout-fail[aria-checked=false]').waitFor();
  await button('Release again').click();
  await said('Under way');
  await event('1 % on version 2');
  await button('Promote').click();
  await event('promote: a person asked for it on the page');
  await button('Abort').click();
  await said('Rolled back');
  await event('abort: a person asked for it on the page');

  const { rollout: aborted } = await ask(page, 'state');
  assert.equal(aborted.alarm, null, 'no alarm fired this time');
  for (const { pages } of [failed, aborted]) {
    assert.ok(pages.in_one_piece.loaded > 0);
    assert.deepEqual([pages.in_one_piece.broken, pages.both_sides], [0, 0]);
  }
  // The version that was told to fail did so in the shop as well.
  assert.deepEqual(found.filter((what) => !what.includes('/api/orders')), []);
  console.log(JSON.stringify({ alarm: true, rolledBack: true, again: true, promoted: true, aborted: true, faults: 0 }));
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
