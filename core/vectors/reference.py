"""Partition specification v1 (../SPEC.md) in plain Python, written from the text and not from the Rust code.

It is slow and short on purpose: a second opinion, and a start for a port to another language.
"""

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


def yielded(part, request):
    """The text of one part of an entry; empty if it does not yield."""
    kind, _, name = part.partition(":")
    if kind == "cookie":
        return cookie(request.get("cookies", []), name)
    if kind == "header":
        return request.get("headers", {}).get(name.lower(), [""])[0].strip(" \t")
    return request.get("clientIp", "")


def spelled(part):
    """A part as a decision names it: header names have no case and are written small."""
    return part.lower() if part.startswith("header:") else part


def decide(policy, request):
    limit = share(policy["share"])
    if limit == 0:
        return {"partition": "regular", "bucket": None, "source": "share-zero"}
    for entry in policy["keys"]:
        parts = entry if isinstance(entry, list) else [entry]
        values = [yielded(part, request) for part in parts]
        if all(values):
            place = bucket(policy["salt"], "\n".join(values))
            side = "one-box" if place < limit else "regular"
            return {"partition": side, "bucket": place, "source": "+".join(map(spelled, parts))}
    return {"partition": "regular", "bucket": None, "source": "none"}


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


def check():
    for data, expected in KNOWN.items():
        assert xxh32(data) == expected, f"XXH32 of {data[:20]!r}: {xxh32(data):#010x}, expected {expected:#010x}"
