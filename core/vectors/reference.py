"""Partition specification v1 (../SPEC.md) in plain Python, written from the text and not from the Rust code.

It is slow and short on purpose: a second opinion, and a start for a port to another language.
"""

import hashlib
import hmac
import ipaddress
import re
from datetime import datetime, timedelta, timezone

MASK = 0xFFFF_FFFF
PRIME_1, PRIME_2, PRIME_3, PRIME_4, PRIME_5 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1

# XXH32 with seed 0 as PyPI's xxhash 4.1.0 computes it.
KNOWN = {
    b"": 0x02CC5D05,
    b"a": 0x550D7456,
    b"abc": 0x32D153FF,
    b"abcdefghijklmno": 0xB918A375,
    b"abcdefghijklmnop": 0x9D2D8B62,
    b"abcdefghijklmnopq": 0xB3B873E1,
    "\u043f\u0440\u0438\u0432\u0435\u0442 \U0001f600".encode(): 0xF59542E5,
    bytes(range(256)): 0x59441253,
    b"onebox" * 10_000: 0x37739FB4,
}


def small(text):
    """Bytes without ASCII case: letters outside ASCII keep theirs."""
    return text.encode().lower()


def rotate(value, bits):
    return (value << bits | value >> (32 - bits)) & MASK


def xxh32(data):
    """https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, seed 0."""
    at = 0
    if len(data) < 16:
        value = PRIME_5
    else:
        lanes = [(PRIME_1 + PRIME_2) & MASK, PRIME_2, 0, -PRIME_1 & MASK]
        while at + 16 <= len(data):
            for lane in range(4):
                word = int.from_bytes(data[at : at + 4], "little")
                lanes[lane] = rotate((lanes[lane] + word * PRIME_2) & MASK, 13) * PRIME_1 & MASK
                at += 4
        value = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
    value = (value + len(data)) & MASK
    while at + 4 <= len(data):
        word = int.from_bytes(data[at : at + 4], "little")
        value = rotate((value + word * PRIME_3) & MASK, 17) * PRIME_4 & MASK
        at += 4
    for byte in data[at:]:
        value = rotate((value + byte * PRIME_5) & MASK, 11) * PRIME_1 & MASK
    value = (value ^ value >> 15) * PRIME_2 & MASK
    value = (value ^ value >> 13) * PRIME_3 & MASK
    return value ^ value >> 16


def bucket(salt, key):
    return xxh32(f"{salt}:{key}".encode()) * 100_000 >> 32


def share(text):
    """Thousandths of a percent: "0.125%" is 125."""
    whole, _, decimals = text.removesuffix("%").partition(".")
    return int(whole) * 1000 + int(decimals.ljust(3, "0"))


def cookie(lines, name):
    for line in lines:
        for pair in line.split(";"):
            found, equals, value = pair.partition("=")
            if equals and found.strip(" \t") == name:
                return value.strip(" \t")
    return ""


def network(address, bits):
    """The network of an address: an IPv4 address, mapped or not, as a whole; empty for text that is not one address."""
    try:
        # Python would take what names an interface: fe80::1%eth0.
        found = ipaddress.ip_address("" if "%" in address else address)
    except ValueError:
        return ""
    if found.version == 6 and not found.ipv4_mapped:
        return str(ipaddress.IPv6Network((found, bits), strict=False).network_address)
    return str(found if found.version == 4 else found.ipv4_mapped)


def yielded(part, request):
    """The text of one part of an entry; empty if it does not yield."""
    kind, _, name = part.partition(":")
    if kind == "cookie":
        return cookie(request.get("cookies", []), name)
    if kind == "header":
        return request.get("headers", {}).get(name.lower(), [""])[0].strip(" \t")
    address = request.get("clientIp", "")
    _, slash, bits = part.partition("/")
    return network(address, int(bits)) if slash else address


def spelled(part):
    """A part as a decision names it: header names have no case and are written small."""
    return part.lower() if part.startswith("header:") else part


def moment(text):
    """Milliseconds since 1970 of an RFC 3339 time; of a fraction the first three digits."""
    shape = r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))"
    *date, hour, minute, second, fraction, sign, hours, minutes = re.fullmatch(shape, text).groups()
    days = datetime(*map(int, date), tzinfo=timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    time = days + timedelta(hours=int(hour), minutes=int(minute), seconds=int(second))
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    time = time + offset if sign == "-" else time - offset
    return time // timedelta(milliseconds=1) + int((fraction or "0").ljust(3, "0")[:3])


def share_at(policy, now):
    if isinstance(policy["share"], str):
        return share(policy["share"])
    come = [step for step in policy["share"] if moment(step["at"]) <= now]
    return share(come[-1]["share"]) if come else 0


def tag(secret, text, digits):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:digits]


def whole(text, digits):
    """A number as it is written in a pin or a token, or None: no sign, no blank, no leading zero."""
    return int(text) if re.fullmatch(f"0|[1-9][0-9]{{0,{digits - 1}}}", text) else None


def pin(policy, place):
    """The value of the cookie that remembers a bucket."""
    rules = policy["pin"]
    text = f"{rules['release']}.{place}"
    return f"{text}.{tag(rules['secret'], text, 16)}" if "secret" in rules else text


def pinned(policy, request):
    """The bucket of a valid pin, or None. What is not what would be written is no pin."""
    value = cookie(request.get("cookies", []), policy["pin"]["cookie"])
    number = value.split(".")[1] if "." in value else ""
    place = whole(number, 5)
    return place if place is not None and hmac.compare_digest(value.encode(), pin(policy, place).encode()) else None


def token(secret, side, expiry):
    text = f"{side}.{expiry}"
    return f"{text}.{tag(secret, text, 32)}"


def forced(policy, request):
    """The side that a valid token forces, or None: of the header or else of the cookie."""
    name, secret = policy["override"]["name"], policy["override"]["secret"]
    line = request.get("headers", {}).get(name.lower(), [""])[0].strip(" \t")
    for text in (line, cookie(request.get("cookies", []), name)):
        side, expiry = (text.split(".") + [""])[:2]
        seconds = whole(expiry, 12)
        if side not in ("one-box", "regular") or seconds is None or request["now"] >= seconds * 1000:
            continue
        if hmac.compare_digest(text.encode(), token(secret, side, expiry).encode()):
            return side
    return None


def is_crawler(policy, request):
    agent = small(request.get("headers", {}).get("user-agent", [""])[0])
    except_for = any(small(part) in agent for part in policy.get("except", []))
    return any(small(part) in agent for part in policy["crawlers"]) and not except_for


def decide(policy, request):
    """Partition, bucket and source; and where there are pins, the one that the response has to write."""
    found = decided(policy, request)
    if "pin" in policy:
        drawn = found["source"] != "pin" and found["bucket"] is not None
        found["pin"] = pin(policy, found["bucket"]) if drawn else None
    return found


def decided(policy, request):
    def regular(source):
        return {"partition": "regular", "bucket": None, "source": source}

    def placed(place, source):
        return {"partition": "one-box" if place < limit else "regular", "bucket": place, "source": source}

    if "override" in policy and (side := forced(policy, request)):
        return {"partition": side, "bucket": None, "source": "override"}
    limit = share_at(policy, request.get("now"))
    if limit == 0:
        return regular("share-zero")
    if "crawlers" in policy and is_crawler(policy, request):
        return regular("crawler")
    if "pin" in policy and (place := pinned(policy, request)) is not None:
        return placed(place, "pin")
    for entry in policy["keys"]:
        parts = entry if isinstance(entry, list) else [entry]
        values = [yielded(part, request) for part in parts]
        if all(values):
            return placed(bucket(policy["salt"], "\n".join(values)), "+".join(map(spelled, parts)))
    return regular("none")


def vary(lines, name):
    """A response's Vary lines after the merge, as a list of lines."""
    members = [member.strip(" \t") for line in lines for member in line.split(",")]
    members = [member for member in members if member]
    if "*" in members or small(name) in map(small, members):
        return lines
    return [", ".join([*lines, name])] if members else [name]


def moves(regular, partition, incoming):
    """Whether a request leaves the regular origin for the one-box."""
    def same(field):
        return field not in regular or field not in incoming or regular[field] == incoming[field]

    domain = incoming.get("domain")
    return (
        partition == "one-box"
        and domain is not None
        and small(domain) == small(regular["domain"])
        and all(same(field) for field in ("path", "port", "protocol"))
    )


# RFC 4231, case 2: https://www.rfc-editor.org/rfc/rfc4231#section-4.3.
SIGNED = ("Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")


def check():
    secret, text, expected = SIGNED
    assert tag(secret, text, 64) == expected
    for data, expected in KNOWN.items():
        assert xxh32(data) == expected, f"XXH32 of {data[:20]!r}: {xxh32(data):#010x}, expected {expected:#010x}"
