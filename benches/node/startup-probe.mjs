// One cold start, in a process of its own: prints the milliseconds for importing a module and calling its handler once.
//
//   node startup-probe.mjs MODULE EVENT

import { pathToFileURL } from 'node:url';

const [module, event] = process.argv.slice(2);
const url = pathToFileURL(module);
const parsed = JSON.parse(event);
const start = process.hrtime.bigint();
const { handler } = await import(url);
await handler(parsed);
console.log(Number(process.hrtime.bigint() - start) / 1e6);
