// XXH32, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, over the UTF-8 bytes of a text. Words are read
// as the machine stores them: every machine that CloudFront runs on is little-endian, as the algorithm wants it.

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

/** The place on the line, 0 to 99,999, of a text. */
function bucketOf(text) {
    const bytes = new TextEncoder().encode(text);
    const length = bytes.length;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, length >>> 2);
    const imul = Math.imul;
    let at = 0;
    let hash = PRIME_5;
    if (length > 15) {
        let a = (PRIME_1 + PRIME_2) | 0;
        let b = PRIME_2;
        let c = 0;
        let d = -PRIME_1;
        for (const end = words.length - 3; at < end; at += 4) {
            a = (a + imul(words[at], PRIME_2)) | 0;
            a = imul((a << 13) | (a >>> 19), PRIME_1);
            b = (b + imul(words[at + 1], PRIME_2)) | 0;
            b = imul((b << 13) | (b >>> 19), PRIME_1);
            c = (c + imul(words[at + 2], PRIME_2)) | 0;
            c = imul((c << 13) | (c >>> 19), PRIME_1);
            d = (d + imul(words[at + 3], PRIME_2)) | 0;
            d = imul((d << 13) | (d >>> 19), PRIME_1);
        }
        hash = ((a << 1) | (a >>> 31)) + ((b << 7) | (b >>> 25)) + ((c << 12) | (c >>> 20)) + ((d << 18) | (d >>> 14));
    }
    hash = (hash + length) | 0;
    for (; at < words.length; at++) {
        hash = (hash + imul(words[at], PRIME_3)) | 0;
        hash = imul((hash << 17) | (hash >>> 15), PRIME_4);
    }
    for (at *= 4; at < length; at++) {
        hash = (hash + imul(bytes[at], PRIME_5)) | 0;
        hash = imul((hash << 11) | (hash >>> 21), PRIME_1);
    }
    hash = imul(hash ^ (hash >>> 15), PRIME_2);
    hash = imul(hash ^ (hash >>> 13), PRIME_3);
    hash = (hash ^ (hash >>> 16)) >>> 0;
    // 2^32 * 100,000 is below 2^53, and a division by a power of two is exact.
    return Math.floor((hash * 100000) / 4294967296);
}
