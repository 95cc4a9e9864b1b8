// Runs one bundle for the local CloudFront: an event on each line of stdin, its result on a line of stdout.
// A line begins with the kind of answer: L loaded, R a result as JSON, E an error's text as a JSON string.
//
// It takes what AWS's runtime client of the same Node.js takes, and nothing else. Up to Node.js 22 that is a promise, or a
// call of the callback or of the context; what is returned otherwise is ignored, and when nothing is left to do the answer
// is null. From Node.js 24 on it is what the function returns, awaited, and there are no callbacks:
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
import { Console } from "node:console";
import { readSync, writeSync } from "node:fs";
import { Writable } from "node:stream";
import { pathToFileURL } from "node:url";

const hasCallbacks = Number(process.versions.node.split(".")[0]) < 24;
const answer = (kind, text = "") => write(1, Buffer.from(`${kind}${text}\n`));
const fail = (error) => answer("E", JSON.stringify(String(error?.stack ?? error)));

// What a function prints is its log; stdout is for answers only. Both are written at once: while the next event is awaited
// nothing else runs.
function write(descriptor, bytes) {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}
const log = new Writable({ write: (chunk, _, done) => done(write(2, chunk)) });
for (const name of ["stdout", "stderr"]) Object.defineProperty(process, name, { value: log });
globalThis.console = new Console(log, log);

let handler;
try {
  ({ handler } = await import(pathToFileURL(process.argv[1])));
  if (typeof handler !== "function") throw new TypeError("it does not export a function `handler`");
  if (!hasCallbacks && handler.length >= 3) {
    throw new TypeError("its `handler` takes a callback, which Node.js 24 and later do not call: make it async");
  }
  answer("L");
} catch (error) {
  fail(error);
  process.exit(1);
}

let pending = Buffer.alloc(0); // what was read and is not a whole line yet

// What to do when nothing is left to do but to wait for the next event.
let whenIdle = () => {};
process.on("beforeExit", () => whenIdle());

const next = () => setImmediate(() => (hasCallbacks ? called : awaited)(line()));
next();

/** Up to Node.js 22: a promise, the callback or the context, whichever is first. */
function called(text) {
  let isDone = false;
  let isAnswered = false;
  let waits = true;
  const once = (work) => (...results) => {
    if (isDone) return;
    work(...results);
    isDone = true;
  };
  const refuse = (error) => {
    fail(error);
    next();
  };
  const complete = (result) => {
    if (isAnswered) return;
    isAnswered = true;
    respond(result);
    next();
  };
  const done = (error, result) => {
    whenIdle = () => {};
    if (error !== undefined && error !== null) refuse(error);
    else complete(result);
  };
  const callback = once((error, result) => {
    if ((error !== undefined && error !== null) || !waits) return done(error, result);
    whenIdle = () => setImmediate(() => complete(result));
  });
  const context = {
    get callbackWaitsForEmptyEventLoop() {
      return waits;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      waits = value;
    },
    succeed: once((result) => done(null, result)),
    fail: once((error) => done(error ?? "handled", null)),
    done: once(done),
  };
  whenIdle = () => complete(null);
  try {
    const result = handler(JSON.parse(text), Object.assign(context, invocation()), callback);
    if (result && typeof result.then === "function") result.then(context.succeed, context.fail).catch(context.fail);
  } catch (error) {
    callback(error);
  }
}

/** From Node.js 24 on: what the function returns. */
async function awaited(text) {
  try {
    const result = await handler(JSON.parse(text), invocation());
    await new Promise(setImmediate);
    respond(result);
  } catch (error) {
    fail(error);
  }
  next();
}

function respond(result) {
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result);
  } catch (error) {
    throw new Error(`Unable to stringify response body: ${error?.message}`);
  }
  if (typeof text !== "string") throw new TypeError("Unable to stringify response body: it has no JSON");
  answer("R", text);
}

/** What every function is told of its invocation. */
function invocation() {
  const deadline = Date.now() + 5_000;
  return {
    functionName: "us-east-1.onebox",
    functionVersion: "1",
    invokedFunctionArn: "arn:aws:lambda:us-east-1:111122223333:function:onebox:1",
    memoryLimitInMB: "128",
    awsRequestId: "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
    logGroupName: "/aws/lambda/us-east-1.onebox",
    logStreamName: "local",
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/**
 * The next event; the process ends with its input. Nothing else runs meanwhile: Lambda freezes a function between two
 * invocations. Not readline: it also breaks lines at U+2028, which JSON strings may contain.
 */
function line() {
  const chunks = [];
  for (;;) {
    const end = pending.indexOf(10);
    if (end >= 0) {
      const text = Buffer.concat([...chunks, pending.subarray(0, end)]).toString();
      pending = pending.subarray(end + 1);
      return text;
    }
    chunks.push(pending);
    const chunk = Buffer.allocUnsafe(65536);
    const count = readSync(0, chunk);
    if (count === 0) process.exit();
    pending = chunk.subarray(0, count);
  }
}
