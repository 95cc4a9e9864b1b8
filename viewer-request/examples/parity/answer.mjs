// Answers a line of JSON for every event on standard input: the partition header of the packaged handler in argv[2].

import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , folder, header] = process.argv;
const { handler } = await import(pathToFileURL(`${folder}/index.mjs`));

// Not by node:readline, which ends a line at U+2028 as well.
const events = readFileSync(0, 'utf8').trimEnd().split('\n');
const answers = events.map((event) => JSON.stringify(handler(JSON.parse(event)).headers[header]));
writeFileSync(1, `${answers.join('\n')}\n`);
