// The shell of a packaged function under Node.js. It copies the fields that the WebAssembly module asks for, and
// applies the edits that the module answers with. It decides nothing.

// An import of node:fs would make every namespace of it: a millisecond of a cold start.
const { readFileSync } = process.getBuiltinModule?.('node:fs') ?? (await import('node:fs'));

const ABSENT = -1;
const ROOM = 4096; // bytes for a field at first; a longer one makes its room grow

/** A handler of Lambda@Edge events: the module and its configuration beside `url`. */
export function load(url) {
  const { module, config } = files(url);
  let wasm = start(module, config);

  const { first } = wasm;
  const { trigger, message: name, clock, fields, fallback } = wasm.description;
  const readers = fields.map(reader);
  const answers = []; // the edits of every answer so far, but for the many that there can be of a pin

  function edits(answer) {
    const list = wasm.edits(answer).map(edit);
    if (answer < 16) answers[answer] = list;
    return list;
  }
  const fallbackEdits = fallback.map(edit);

  return function handler(event) {
    const cf = event?.Records?.[0]?.cf;
    const message = cf?.[name];
    const headers = message?.headers;
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
      console.error(`onebox: ${trigger}: expected a ${name} with headers; the message is left as it was`);
      return isObject(message) ? message : event;
    }
    let changes;
    try {
      let answer = wasm.begin(first, wasm.write(first, readers[first](cf)), clock ? Date.now() : 0);
      while (answer < 0) {
        const slot = -1 - answer;
        answer = wasm.supply(slot, wasm.write(slot, readers[slot](cf)));
      }
      changes = answers[answer] ?? edits(answer);
    } catch (error) {
      console.error(`onebox: ${trigger}: ${error}; regular`);
      changes = fallbackEdits;
      wasm = start(module, config); // a trap leaves an instance in an unknown state
    }
    for (let at = 0; at < changes.length; at++) changes[at](message, headers);
    return message;
  };
}

/** A decision for requests of any Node.js service: the module and its configuration beside `url`. */
export function decider(url) {
  const { module, config } = files(url);
  let wasm = start(module, config);
  const { first } = wasm;
  const readers = wasm.description.fields.map(reader);

  return function decide(request, now = Date.now()) {
    try {
      const cf = { request: { headers: headerLines(request?.headers), clientIp: request?.clientIp } };
      let answer = wasm.begin(first, wasm.write(first, readers[first](cf)), Number(now));
      while (answer < 0) {
        const slot = -1 - answer;
        answer = wasm.supply(slot, wasm.write(slot, readers[slot](cf)));
      }
      return wasm.decide();
    } catch (error) {
      console.error(`onebox: decide: ${error}; regular`);
      wasm = start(module, config); // a trap leaves an instance in an unknown state
      return { partition: 'regular', bucket: null, source: 'none' };
    }
  };
}

/** Headers as an event has them, from an object of values or lists of values, or from pairs such as those of Headers. */
function headerLines(headers) {
  const lines = Object.create(null); // whatever a header is called
  if (typeof headers !== 'object' || headers === null) return lines;
  for (const [name, values] of Symbol.iterator in headers ? headers : Object.entries(headers)) {
    const list = (lines[String(name).toLowerCase()] ??= []);
    for (const value of Array.isArray(values) ? values : [values]) list.push({ value });
  }
  return lines;
}

function files(url) {
  return {
    module: new WebAssembly.Module(readFileSync(new URL('handler.wasm', url))),
    config: readFileSync(new URL('config.bin', url)),
  };
}

/** A fresh instance, configured. */
function start(module, config) {
  const { exports: wasm } = new WebAssembly.Instance(module);
  const encoder = new TextEncoder();
  const rooms = [];

  // A view of a slot's room. One made before the memory grew has no length any more, and nothing fits into it.
  function room(slot, bytes) {
    const address = wasm.onebox_room(slot, bytes);
    return (rooms[slot] = new Uint8Array(wasm.memory.buffer, address, bytes));
  }

  function write(slot, text) {
    if (text === undefined) return ABSENT;
    const { read, written } = encoder.encodeInto(text, rooms[slot] ?? room(slot, ROOM));
    if (read === text.length) return written;
    return encoder.encodeInto(text, room(slot, Math.max(ROOM, 3 * text.length))).written;
  }

  function text() {
    return Buffer.from(wasm.memory.buffer, wasm.onebox_text(), wasm.onebox_text_len()).toString();
  }

  room(0, Math.max(ROOM, config.length)).set(config);
  const first = wasm.onebox_configure(config.length);
  if (first < 0) {
    throw new Error('onebox: config.bin is not what this version of onebox packages; package it anew');
  }
  return {
    first,
    description: JSON.parse(text()),
    begin: wasm.onebox_begin,
    supply: wasm.onebox_supply,
    write,
    decide() {
      wasm.onebox_decide();
      return JSON.parse(text());
    },
    edits(answer) {
      wasm.onebox_edits(answer);
      return JSON.parse(text());
    },
  };
}

/** How a field is read from `Records[0].cf`: a text, or undefined where it is absent or of the wrong shape. */
function reader([kind, name]) {
  switch (kind) {
    case 'cookies':
      return (cf) => joined(cf.request?.headers?.cookie, ';');
    case 'header':
      return (cf) => {
        const line = cf.request?.headers?.[name];
        return Array.isArray(line) ? string(line[0]?.value) : undefined;
      };
    case 'client-ip':
      return (cf) => string(cf.request?.clientIp);
    case 'origin':
      return (cf) => {
        const origin = cf.request?.origin;
        const value = origin?.custom?.[name] ?? origin?.s3?.[name];
        return Number.isSafeInteger(value) && value >= 0 ? String(value) : string(value);
      };
    case 'response-header':
      return (cf) => joined(cf.response?.headers?.[name], ', ');
    default:
      throw new Error(`onebox: the module asks for the ${kind} ${name}, which this loader does not know; package it anew`);
  }
}

/** How an edit is applied. */
function edit([kind, name, key, value]) {
  switch (kind) {
    case 'header': {
      // One list for all events: a message is written as JSON, and making the list anew takes a fifth of a call.
      const lines = Object.freeze([Object.freeze({ key, value })]);
      return (_, headers) => {
        headers[name] = lines;
      };
    }
    case 'append':
      return (_, headers) => {
        const before = joined(headers[name], ', ') ?? '';
        headers[name] = [{ key, value: `${before.toWellFormed()}, ${value}` }];
      };
    case 'line':
      return (_, headers) => {
        headers[name] = [...(Array.isArray(headers[name]) ? headers[name] : []), { key, value }];
      };
    case 'origin':
      return (message) => {
        for (const fields of [message.origin?.custom, message.origin?.s3]) {
          if (isObject(fields) && name in fields) fields[name] = key;
        }
      };
    default:
      throw new Error(`onebox: the module answers with the edit ${kind}, which this loader does not know; package it anew`);
  }
}

function joined(list, separator) {
  if (!Array.isArray(list)) return undefined;
  if (list.length === 1) return string(list[0]?.value);
  const texts = list.map((line) => line?.value).filter((text) => typeof text === 'string');
  return texts.length > 0 ? texts.join(separator) : undefined;
}

function string(value) {
  return typeof value === 'string' ? value : undefined;
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
