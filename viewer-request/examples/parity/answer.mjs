// Answers a line of JSON for every event on standard input: the partition header of the packaged handler in argv[2].

import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [, , folder, header] = process.argv;
const { handler } = await import(pathToFileURL(`${folder}/index.mjs`));

let out = '';
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  out += JSON.stringify(handler(JSON.parse(line)).headers[header]) + '\n';
}
process.stdout.write(out);
