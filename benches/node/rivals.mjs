// Two hand-written viewer-request handlers to compare with.

import { createHash } from 'node:crypto';

/** As one finds it in posts and answers: split on `;`, decodeURIComponent, md5 modulo 100. It draws its own line. */
export function usual({ cookie, salt, percent, header }) {
  return function handler(event) {
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
 * XXH32 with Math.imul over bytes. The chain is one cookie, then the User-Agent.
 */
export function tuned({ cookie, salt, buckets, header }) {
  const encoder = new TextEncoder();
  const name = header.toLowerCase();
  const start = encoder.encode(`${salt}:`).length;
  let bytes = new Uint8Array(4096);
  encoder.encodeInto(`${salt}:`, bytes);

  function bucket(key) {
    if (start + 3 * key.length > bytes.length) {
      const larger = new Uint8Array(2 * (start + 3 * key.length));
      larger.set(bytes.subarray(0, start));
      bytes = larger;
    }
    let end = start;
    for (let at = 0; at < key.length; at++) {
      const unit = key.charCodeAt(at);
      if (unit > 127) {
        end = start + encoder.encodeInto(key, bytes.subarray(start)).written;
        break;
      }
      bytes[end++] = unit;
    }
    return Math.floor((xxh32(bytes, end) * 100_000) / 4_294_967_296);
  }

  return function handler(event) {
    const request = event.Records[0].cf.request;
    const headers = request.headers;
    const key = cookieValue(headers.cookie, cookie) || trim(headers['user-agent']?.[0]?.value ?? '');
    const partition = key && bucket(key) < buckets ? 'one-box' : 'regular';
    headers[name] = [{ key: header, value: partition }];
    return request;
  };
}

/** The trimmed value of the first pair of a name, or the empty text. */
function cookieValue(lines, name) {
  if (lines === undefined) return '';
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index].value;
    for (let at = line.indexOf(name); at !== -1; at = line.indexOf(name, at + name.length)) {
      let before = at - 1;
      while (before >= 0 && blank(line.charCodeAt(before))) before--;
      if (before >= 0 && line.charCodeAt(before) !== 0x3b) continue;
      let after = at + name.length;
      while (blank(line.charCodeAt(after))) after++;
      if (line.charCodeAt(after) !== 0x3d) continue;
      const end = line.indexOf(';', after);
      return trim(line.slice(after + 1, end === -1 ? line.length : end));
    }
  }
  return '';
}

function trim(text) {
  let start = 0;
  let end = text.length;
  while (start < end && blank(text.charCodeAt(start))) start++;
  while (end > start && blank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
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
