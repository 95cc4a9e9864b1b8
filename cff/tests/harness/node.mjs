// Runs the modules of a folder in a context of their own: node --experimental-vm-modules node.mjs FOLDER.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import vm from 'node:vm';

const folder = process.argv[2];
const require = createRequire(import.meta.url);
const context = vm.createContext({ require, Buffer, TextEncoder, console });
const modules = new Map();

function load(name) {
    if (!modules.has(name)) {
        const source = readFileSync(join(folder, name), 'utf8');
        modules.set(name, new vm.SourceTextModule(source, { context, identifier: name }));
    }
    return modules.get(name);
}

const main = load('main.js');
await main.link((name) => load(name === 'cloudfront' ? 'cloudfront.js' : name));
await main.evaluate();
const lines = readFileSync(join(folder, 'cases'), 'utf8').split('\n');
writeFileSync(join(folder, 'answers'), await main.namespace.default(lines));
