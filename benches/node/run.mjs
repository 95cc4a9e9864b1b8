// Everything that is measured in Node.js: packages the functions into a temporary folder, without and with pins, then
// runs viewer-request.mjs and startup.mjs on them.
//
//   node benches/node/run.mjs

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const run = (command, ...words) => execFileSync(command, words, { stdio: 'inherit' });

const temporary = mkdtempSync(join(tmpdir(), 'onebox-bench-'));
try {
  const cargo = ['run', '--release', '--quiet', '--manifest-path', here('../../Cargo.toml'), '--package', 'onebox'];
  const scripts = { 'viewer-request.mjs': 'onebox.toml', 'startup.mjs': 'pins.toml' };
  for (const [script, config] of Object.entries(scripts)) {
    const dist = join(temporary, config);
    run('cargo', ...cargo, '--', 'package', '--config', here(config), '--out', dist);
    console.log();
    run(process.execPath, here(script), dist);
    console.log();
  }
} finally {
  rmSync(temporary, { recursive: true });
}
