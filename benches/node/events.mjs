// Viewer-request events as CloudFront makes them, and random ones to compare answers on.

const OTHER_PAIRS =
  '_ga=GA1.2.1754903231.1731402203; theme=system; locale=en-GB; consent=analytics:1|ads:0|maps:1; ' +
  'cart=9b1c7de2-55a0-4b3c-9f0e-6a3c1d2e4f50; _gid=GA1.2.99817264.1732000000';

/** 210 bytes and 7 pairs; the session is the last of them. */
export const COOKIE = `${OTHER_PAIRS}; session=7f3a9c1e2b4d6f8091a3b5c7d9e0f1a2`;

/** 110 bytes. */
export const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0 Safari/537.360';

/** A viewer-request event with these header values, each a text or a list of texts. */
export function event(values) {
  const usual = { Host: 'www.example.org', Accept: '*/*', 'Accept-Encoding': 'gzip, br', 'Accept-Language': 'en-GB' };
  return wrap('viewer-request', { request: request({ ...usual, ...values }) });
}

/** An origin-request event of a visitor on the one-box, which the handler moves. */
export function originRequest() {
  return wrap('origin-request', { request: originMessage() });
}

/** An origin-response event whose response has a `Vary` header. */
export function originResponse() {
  return wrap('origin-response', { request: originMessage(), response: response() });
}

/** A viewer-response event to a request with these header values. */
export function viewerResponse(values) {
  return wrap('viewer-response', { request: request({ Host: 'www.example.org', ...values }), response: response() });
}

function response() {
  return { headers: headers({ Vary: 'Accept-Encoding' }), status: '200', statusDescription: 'OK' };
}

function originMessage() {
  const custom = {
    customHeaders: {},
    domainName: 'reg.example.org',
    keepaliveTimeout: 5,
    path: '',
    port: 443,
    protocol: 'https',
    readTimeout: 30,
    sslProtocols: ['TLSv1.2'],
  };
  return { ...request({ Host: 'reg.example.org', 'X-Req-Partition': 'one-box' }), origin: { custom } };
}

function request(values) {
  const fixed = { clientIp: '198.51.100.7', method: 'GET', querystring: 'size=large', uri: '/products/42' };
  return { ...fixed, headers: headers(values) };
}

function headers(values) {
  const list = (key, value) => [value].flat().map((value) => ({ key, value }));
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key.toLowerCase(), list(key, value)]));
}

function wrap(eventType, message) {
  const config = {
    distributionDomainName: 'd111111abcdef8.cloudfront.net',
    distributionId: 'EDFDVBD6EXAMPLE',
    eventType,
    requestId: '4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==',
  };
  return { Records: [{ cf: { config, ...message } }] };
}

/** `count` events of all sorts, the same on every run: one or two Cookie lines, odd pairs, odd letters, nothing at all. */
export function* randomEvents(count) {
  const random = xorshift(0x2545f491);
  const pick = (list) => list[random() % list.length];
  const text = (length, letters) => Array.from({ length: random() % length }, () => pick(letters)).join('');
  const letters = [...'abcXYZ0189-_.%20"é☃ \t', '😀', '='];
  const name = () => pick(['session', 'session', 'Session', 'xsession', 'sessions', 'theme', '_ga', 'a', '']);
  const pair = () => pick(['', ' ', '\t']) + name() + pick(['=', '=', '=', ' = ', '']) + text(60, letters);
  const line = () => Array.from({ length: random() % 9 }, pair).join(pick(['; ', ';', ' ; ']));
  for (let made = 0; made < count; made++) {
    const values = {};
    if (random() % 8 > 0) values.Cookie = Array.from({ length: 1 + (random() % 2) }, line);
    if (random() % 4 > 0) values['User-Agent'] = pick([text(200, letters), USER_AGENT + made]);
    yield event(values);
  }
}

function xorshift(state) {
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}
