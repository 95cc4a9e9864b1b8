// The shell of a packaged function under Node.js. It copies the fields that the WebAssembly module asks for, and
// applies the edits that the module answers with. It decides nothing.

// An import of node:fs would make every namespace of it: a millisecond of a cold start.
const { readFileSync } = process.getBuiltinModule?.('node:fs') ?? (await import('node:fs'));

const ABSENT = -1;
const ROOM = 4096; // bytes for a field at first; a longer one makes its room grow

/** The message in an event of CloudFront's, by the event's type. */
const MESSAGES = {
  __proto__: null,
  'viewer-request': 'request',
  'origin-request': 'request',
  'origin-response': 'response',
  'viewer-response': 'response',
};

/**
 * A handler of Lambda@Edge events: the module and its configuration beside `url`. It returns a promise, because AWS's
 * runtime client up to Node.js 22 ignores anything else, and the promise is never rejected:
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
export function load(url) {
  try {
    return handling(url);
  } catch (error) {
    // A module that fails while it is imported is a 503 for every request.
    return async (event) => unchanged(event, error);
  }
}

function handling(url) {
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

  return async function handler(event) {
    let message;
    let changes;
    let failed;
    try {
      const cf = event?.Records?.[0]?.cf;
      if (cf?.config?.eventType !== trigger && (typeOf(cf) !== undefined || messageName(cf) !== name)) {
        return unchanged(event, `${trigger}: expected an event of ${trigger}: associate this function with it alone`);
      }
      message = cf?.[name];
      if (!isObject(message) || !isObject(message.headers)) {
        return unchanged(event, `${trigger}: expected a ${name} with headers`);
      }
      wasm ??= start(module, config);
      let answer = wasm.begin(first, wasm.write(first, readers[first](cf)), clock ? Date.now() : 0);
      while (answer < 0) {
        const slot = -1 - answer;
        answer = wasm.supply(slot, wasm.write(slot, readers[slot](cf)));
      }
      changes = answers[answer] ?? edits(answer);
    } catch (error) {
      wasm = undefined; // a trap leaves an instance in an unknown state
      if (message === undefined) return unchanged(event, `${trigger}: ${error}`);
      failed = error;
      changes = fallbackEdits;
    }
    try {
      const result = edited(message, changes);
      if (failed !== undefined) console.error(`onebox: ${trigger}: ${failed}; regular`);
      return result;
    } catch (error) {
      return unchanged(event, `${trigger}: ${failed ?? error}`);
    }
  };
}

/** The message of any event, with a line that says why it is as it was; the event itself, if there is none in it. */
function unchanged(event, why) {
  console.error(`onebox: ${why}; the message is left as it was`);
  try {
    const cf = event?.Records?.[0]?.cf;
    const message = cf?.[messageName(cf)];
    return isObject(message) ? message : event;
  } catch {
    return event;
  }
}

/** The event's type, if it is one of CloudFront's. */
function typeOf(cf) {
  const type = cf?.config?.eventType;
  return typeof type === 'string' && type in MESSAGES ? type : undefined;
}

function messageName(cf) {
  const type = typeOf(cf);
  return type === undefined ? (isObject(cf?.response) ? 'response' : 'request') : MESSAGES[type];
}

/** The message with these edits: all of them or an exception, and then the message is as it was. */
function edited(message, edits) {
  if (edits.length === 0) return message;
  if (edits.length === 1) {
    try {
      edits[0](message, message.headers);
      return message;
    } catch {
      // What is frozen can be copied.
    }
  }
  const copy = { ...message, headers: { ...message.headers } };
  if (isObject(copy.origin)) {
    copy.origin = { ...copy.origin };
    for (const kind of ['custom', 's3']) {
      if (isObject(copy.origin[kind])) copy.origin[kind] = { ...copy.origin[kind] };
    }
  }
  for (const edit of edits) edit(copy, copy.headers);
  return copy;
}

/** A decision for requests of any Node.js service: the module and its configuration beside `url`. */
export function decider(url) {
  const { module, config } = files(url);
  let wasm = start(module, config);
  const { first } = wasm;
  const readers = wasm.description.fields.map(reader);

  return function decide(request, now = Date.now()) {
    try {
      wasm ??= start(module, config);
      const cf = { request: { headers: headerLines(request?.headers), clientIp: request?.clientIp } };
      let answer = wasm.begin(first, wasm.write(first, readers[first](cf)), Number(now));
      while (answer < 0) {
        const slot = -1 - answer;
        answer = wasm.supply(slot, wasm.write(slot, readers[slot](cf)));
      }
      return wasm.decide();
    } catch (error) {
      console.error(`onebox: decide: ${error}; regular`);
      wasm = undefined; // a trap leaves an instance in an unknown state
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
    throw new Error('config.bin is not what this version of onebox packages; package it anew');
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
    case 'origin-kind':
      return (cf) => {
        const origin = cf.request?.origin;
        return isObject(origin?.s3) ? 's3' : isObject(origin?.custom) ? 'custom' : undefined;
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
    case 'forward-host':
      return (_, headers) => {
        const host = Array.isArray(headers.host) ? string(headers.host[0]?.value) : undefined;
        if (host !== undefined && /^[A-Za-z0-9._:[\]-]{1,255}$/.test(host)) headers[name] = [{ key, value: host }];
        else delete headers[name];
      };
    case 'remove':
      return (_, headers) => {
        delete headers[name];
      };
    case 'remove-cookie':
      return (_, headers) => removeCookie(headers, name);
    case 'log-origin': {
      let logged = false; // an edit is made once in a start
      return ({ origin }) => {
        if (!logged) console.warn(`${name}: ${JSON.stringify(origin?.custom?.domainName ?? origin?.s3?.domainName)}`);
        logged = true;
      };
    }
    case 'origin':
      return (message) => {
        for (const kind of ['custom', 's3']) {
          const fields = message.origin?.[kind];
          // An identity needs the region, whether CloudFront has named one or not.
          if (isObject(fields) && (name in fields || (kind === 's3' && name === 'region'))) fields[name] = key;
        }
      };
    default:
      throw new Error(`onebox: the module answers with the edit ${kind}, which this loader does not know; package it anew`);
  }
}

/** Removes the pairs of a name from all Cookie lines; the other pairs stay as they are. */
function removeCookie(headers, name) {
  const lines = headers.cookie;
  if (!Array.isArray(lines) || !lines.some((line) => string(line?.value)?.includes(name))) return;
  const left = [];
  for (const line of lines) {
    const value = string(line?.value);
    const shorter = value === undefined ? value : withoutCookie(value, name);
    if (shorter === value) left.push(line);
    else if (shorter) left.push({ ...line, value: shorter.toWellFormed() });
  }
  if (left.length > 0) headers.cookie = left;
  else delete headers.cookie;
}

function withoutCookie(line, name) {
  const pairs = line.split(';');
  const left = pairs.filter((pair) => !pair.includes('=') || pair.split('=', 1)[0].replace(/^[ \t]+|[ \t]+$/g, '') !== name);
  const shorter = left.join(';');
  return left[0] === pairs[0] ? shorter : shorter.replace(/^[ \t]+/, '');
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
