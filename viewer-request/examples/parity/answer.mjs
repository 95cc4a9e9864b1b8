// Answers a line of JSON for every [time, event] on standard input: the partition header of the packaged viewer-request
// in argv[2], and the cookie that the packaged viewer-response in argv[4] writes, if there is one.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , folder, header, pinning] = process.argv;
const load = async (bundle) => (await import(pathToFileURL(`${bundle}/index.mjs`))).handler;
const tag = await load(folder);
const pin = existsSync(pinning) ? await load(pinning) : undefined;

// Not by node:readline, which ends a line at U+2028 as well.
const lines = readFileSync(0, 'utf8').trimEnd().split('\n');
const answers = [];
for (const line of lines) {
  const [[now, event], [, later]] = [JSON.parse(line), JSON.parse(line)];
  Date.now = () => now;
  const { cf } = later.Records[0];
  cf.response = { status: '200', headers: {} };
  if (cf.config) cf.config.eventType = 'viewer-response';
  const cookie = (await pin?.(later))?.headers['set-cookie'];
  const tagged = (await tag(event)).headers[header];
  answers.push(JSON.stringify([tagged, cookie?.map(({ value }) => value.split(';')[0]) ?? []]));
}
writeFileSync(1, `${answers.join('\n')}\n`);
