// Everything that is measured in Node.js: packages the functions, then runs viewer-request.mjs and startup.mjs.
//
//   node benches/node/run.mjs          packages into a temporary folder first
//   node benches/node/run.mjs DIST     measures what lies in DIST, packaged with benches/node/onebox.toml

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const run = (command, ...words) => execFileSync(command, words, { stdio: 'inherit' });

const given = process.argv[2];
const temporary = given ? undefined : mkdtempSync(join(tmpdir(), 'onebox-bench-'));
try {
  const dist = given ?? join(temporary, 'dist');
  if (!given) {
    const cargo = ['run', '--release', '--quiet', '--manifest-path', here('../../Cargo.toml'), '--package', 'onebox'];
    run('cargo', ...cargo, '--', 'package', '--config', here('onebox.toml'), '--out', dist);
    console.log();
  }
  for (const script of ['viewer-request.mjs', 'startup.mjs']) run(process.execPath, here(script), dist);
} finally {
  if (temporary) rmSync(temporary, { recursive: true });
}
