// Two hand-written viewer-request handlers to compare with; async, as every handler has to be on Node.js up to 22.

import { createHash } from 'node:crypto';

/** As one finds it in posts and answers: split on `;`, decodeURIComponent, md5 modulo 100. It draws its own line. */
export function usual({ cookie, salt, percent, header }) {
  return async function handler(event) {
    const request = event.Records[0].cf.request;
    const headers = request.headers;
    const cookies = {};
    for (const line of headers.cookie ?? []) {
      for (const pair of line.value.split(';')) {
        const [name, ...rest] = pair.split('=');
        cookies[name.trim()] = decodeURIComponent(rest.join('=').trim());
      }
    }
    const key = cookies[cookie] ?? headers['user-agent']?.[0]?.value;
    let partition = 'regular';
    if (key) {
      const digest = createHash('md5').update(`${salt}:${key}`).digest('hex');
      partition = parseInt(digest.slice(0, 8), 16) % 100 < percent ? 'one-box' : 'regular';
    }
    headers[header.toLowerCase()] = [{ key: header, value: partition }];
    return request;
  };
}

/**
 * The same answers as onebox, in JavaScript that allocates nothing but the header: an indexOf scan for the cookie, then
 * XXH32 with Math.imul over the bytes of its value, which is not cut out of its line before. The chain is one cookie,
 * then the User-Agent.
 */
export function tuned({ cookie, salt, buckets, header }) {
  const encoder = new TextEncoder();
  const name = header.toLowerCase();
  const prefix = encoder.encode(`${salt}:`);
  const salted = prefix.length;
  let bytes = room(4096);

  function room(length) {
    const bytes = new Uint8Array(length);
    bytes.set(prefix);
    return bytes;
  }

  /** Whether the text between two places is a key, without blanks around it, whose bucket is within the share. */
  function isOneBox(text, start, end) {
    while (start < end && blank(text.charCodeAt(start))) start++;
    while (end > start && blank(text.charCodeAt(end - 1))) end--;
    if (start === end) return undefined;
    if (salted + 3 * (end - start) > bytes.length) bytes = room(2 * (salted + 3 * (end - start)));
    const into = bytes;
    let length = salted;
    for (let at = start; at < end; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 127) {
        length = salted + encoder.encodeInto(text.slice(start, end), into.subarray(salted)).written;
        break;
      }
      into[length++] = unit;
    }
    return Math.floor((xxh32(into, length) * 100_000) / 4_294_967_296) < buckets;
  }

  /** The same of the first cookie of the name; undefined without it, or without a value. */
  function isOneBoxByCookie(lines) {
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index].value;
      for (let at = line.indexOf(cookie); at !== -1; at = line.indexOf(cookie, at + cookie.length)) {
        let before = at - 1;
        while (before >= 0 && blank(line.charCodeAt(before))) before--;
        if (before >= 0 && line.charCodeAt(before) !== 0x3b) continue;
        let after = at + cookie.length;
        while (blank(line.charCodeAt(after))) after++;
        if (line.charCodeAt(after) !== 0x3d) continue;
        const end = line.indexOf(';', after);
        return isOneBox(line, after + 1, end === -1 ? line.length : end);
      }
    }
    return undefined;
  }

  return async function handler(event) {
    const request = event.Records[0].cf.request;
    const headers = request.headers;
    let oneBox = headers.cookie === undefined ? undefined : isOneBoxByCookie(headers.cookie);
    if (oneBox === undefined) {
      const agent = headers['user-agent'];
      if (agent !== undefined) oneBox = isOneBox(agent[0].value, 0, agent[0].value.length);
    }
    headers[name] = [{ key: header, value: oneBox === true ? 'one-box' : 'regular' }];
    return request;
  };
}

function blank(unit) {
  return unit === 0x20 || unit === 0x09;
}

const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;
const P5 = 0x165667b1 | 0;

/** XXH32 with seed 0: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md */
function xxh32(bytes, length) {
  let at = 0;
  let hash = P5;
  if (length >= 16) {
    let a = (P1 + P2) | 0;
    let b = P2;
    let c = 0;
    let d = -P1 | 0;
    for (; at + 16 <= length; at += 16) {
      a = lane(a, word(bytes, at));
      b = lane(b, word(bytes, at + 4));
      c = lane(c, word(bytes, at + 8));
      d = lane(d, word(bytes, at + 12));
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(word(bytes, at), P3)) | 0, 17), P4);
  }
  for (; at < length; at++) {
    hash = Math.imul(rotate((hash + Math.imul(bytes[at], P5)) | 0, 11), P1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), P2);
  hash = Math.imul(hash ^ (hash >>> 13), P3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function lane(lane, word) {
  return Math.imul(rotate((lane + Math.imul(word, P2)) | 0, 13), P1);
}

function word(bytes, at) {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function rotate(word, by) {
  return (word << by) | (word >>> (32 - by));
}
