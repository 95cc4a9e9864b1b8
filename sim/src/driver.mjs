// Runs one bundle for the local CloudFront: an event on each line of stdin, its result on a line of stdout.
// A line begins with the kind of answer: L loaded, R a result as JSON, E an error's text as a JSON string.
import { Console } from "node:console";
import { pathToFileURL } from "node:url";

const write = process.stdout.write.bind(process.stdout);
const answer = (kind, text = "") => write(`${kind}${text}\n`);
const fail = (error) => answer("E", JSON.stringify(String(error?.stack ?? error)));

// What a function prints is its log; stdout is for answers only.
process.stdout.write = process.stderr.write.bind(process.stderr);
globalThis.console = new Console(process.stderr, process.stderr);

let handler;
try {
  ({ handler } = await import(pathToFileURL(process.argv[1])));
  if (typeof handler !== "function") throw new TypeError("it does not export a function `handler`");
  answer("L");
} catch (error) {
  fail(error);
  process.exit(1);
}

const run = async (event) => {
  try {
    answer("R", JSON.stringify(await handler(JSON.parse(event), {})) ?? "");
  } catch (error) {
    fail(error);
  }
};

// Not readline: it also breaks lines at U+2028, which JSON strings may contain.
let pending = "";
process.stdin.setEncoding("utf8");
for await (const chunk of process.stdin) {
  const lines = (pending + chunk).split("\n");
  pending = lines.pop();
  for (const line of lines) await run(line);
}
