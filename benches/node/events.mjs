// Viewer-request events as CloudFront makes them, and random ones to compare answers on.

const OTHER_PAIRS =
  '_ga=GA1.2.1754903231.1731402203; theme=system; locale=en-GB; consent=analytics:1|ads:0|maps:1; ' +
  'cart=9b1c7de2-55a0-4b3c-9f0e-6a3c1d2e4f50; _gid=GA1.2.99817264.1732000000';

/** 210 bytes and 7 pairs; the session is the last of them. */
export const COOKIE = `${OTHER_PAIRS}; session=7f3a9c1e2b4d6f8091a3b5c7d9e0f1a2`;

/** 110 bytes. */
export const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0 Safari/537.360';

/** An event with these header values, each a text or a list of texts. */
export function event(values) {
  const headers = { host: [{ key: 'Host', value: 'www.example.org' }] };
  const all = { Accept: '*/*', 'Accept-Encoding': 'gzip, br', 'Accept-Language': 'en-GB,en;q=0.5', ...values };
  for (const [key, value] of Object.entries(all)) {
    headers[key.toLowerCase()] = [value].flat().map((value) => ({ key, value }));
  }
  const config = {
    distributionDomainName: 'd111111abcdef8.cloudfront.net',
    distributionId: 'EDFDVBD6EXAMPLE',
    eventType: 'viewer-request',
    requestId: '4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==',
  };
  const request = { clientIp: '198.51.100.7', headers, method: 'GET', querystring: 'size=large', uri: '/products/42' };
  return { Records: [{ cf: { config, request } }] };
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
