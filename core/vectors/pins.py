"""What the vectors of pins ask."""

from cases import SALT, cookies, policy
from reference import tag

COOKIE = "__Host-onebox"
SECRET = "correct horse battery staple"
RELEASE = SALT


def rules(secret=None, share="50%", release=RELEASE, keys=("cookie:session",)):
    pin = {"cookie": COOKIE, "release": release} | ({"secret": secret} if secret else {})
    return policy(list(keys), share) | {"pin": pin}


def signed(text, secret=SECRET, digits=16):
    return f"{text}.{tag(secret, text, digits)}"


def request(value):
    return cookies(f"{COOKIE}={value}; session=7f3a")


def decisions():
    """(group, name, policy, request) of every case."""
    yield from unsigned()
    yield from tagged()
    yield from secrets()
    yield from places()


def unsigned():
    for number in ("0", "1", "9", "10", "4711", "49999", "50000", "76282", "99999"):
        yield "pin", f"of bucket {number}", rules(), request(f"{RELEASE}.{number}")
    for number in (
        "100000", "00", "01", "04711", "000000", "+1", "-1", "-0", " 1", "\t1", "1 1", "1.0", "1e3", "0x10", "1_000",
        "4294967296", "4294972007", "9007199254740993", "18446744073709556327", "9" * 400, "0" * 400,
        "\u0661", "\uff11", "\u00b2", "\u00a01", "NaN", "Infinity", "true", "null",
        "4711\x00", "\x004711", "47\x0011", "4711\x01", "4711\x7f", "4711\n", "4711\r\n", "4711\u2028", "4711\ufeff",
    ):
        name = number if len(number) < 40 else f"{len(number)} of {number[0]}"
        yield "pin", f"no bucket: {name!a}", rules(), request(f"{RELEASE}.{number}")
    for name, value in [
        ("empty", ""),
        ("a dot", "."),
        ("without a dot", RELEASE),
        ("without a number", f"{RELEASE}."),
        ("without a release", ".4711"),
        ("a number alone", "4711"),
        ("two dots", f"{RELEASE}..4711"),
        ("a dot at the end", f"{RELEASE}.4711."),
        ("a dot before", f".{RELEASE}.4711"),
        ("another release", "web-2026-11-19.4711"),
        ("the release in another case", "WEB-2026-11-20.4711"),
        ("a part of the release", "web-2026-11-2.4711"),
        ("more than the release", f"{RELEASE}0.4711"),
        ("another release in the number's place", f"{RELEASE}.web-2026-11-19.4711"),
        ("re-ordered", f"4711.{RELEASE}"),
        ("a superfluous tag", signed(f"{RELEASE}.4711")),
        ("quoted", f'"{RELEASE}.4711"'),
        ("a quoted number", f'{RELEASE}."4711"'),
        ("nothing is decoded", f"{RELEASE}%2E4711"),
        ("a comma", f"{RELEASE},4711"),
        ("a full-width dot", f"{RELEASE}\uff0e4711"),
        ("the verdict", "one-box"),
        ("2 KB", f"{RELEASE}." + "1" * 2048),
        ("a NUL", "\x00"),
    ]:
        yield "pin", f"none: {name}", rules(), request(value)
    for name, value in [("blanks around", f" \t{RELEASE}.4711\t "), ("a no-break space", f"\u00a0{RELEASE}.4711")]:
        yield "pin", name, rules(), request(value)
    for id in ("a", "0", "-", "_", "A" * 64):
        yield "pin", f"the release {id}", rules(release=id), request(f"{id}.4711")
    yield "pin", "the release 1 and the bucket 1", rules(release="1"), request("1.1")


def tagged():
    good = f"{RELEASE}.4711"
    right = tag(SECRET, good, 64)
    for number in ("0", "4711", "50000", "99999"):
        yield "signed pin", f"of bucket {number}", rules(SECRET), request(signed(f"{RELEASE}.{number}"))
    for number in ("04711", "100000", "+4711", "-1", "", " 4711", "9" * 30, "4711\x00", "\u0661"):
        yield "signed pin", f"signed, but no bucket: {number!a}", rules(SECRET), request(signed(f"{RELEASE}.{number}"))
    for name, value in [
        ("a missing tag", good),
        ("an empty tag", f"{good}."),
        ("one digit too few", f"{good}.{right[:15]}"),
        ("one digit too many", f"{good}.{right[:17]}"),
        ("the whole tag", f"{good}.{right}"),
        ("the last digit changed", f"{good}.{right[:15]}{'0' if right[15] != '0' else '1'}"),
        ("the first digit changed", f"{good}.{'0' if right[0] != '0' else '1'}{right[1:16]}"),
        ("in upper case", f"{good}.{right[:16].upper()}"),
        ("one letter in upper case", f"{good}.{right[:15].upper()}{right[15]}"),
        ("only zeros", f"{good}.{'0' * 16}"),
        ("the tag twice", f"{good}.{right[:16]}.{right[:16]}"),
        ("a dot at the end", f"{good}.{right[:16]}."),
        ("a NUL at the end", f"{good}.{right[:16]}\x00"),
        ("a NUL for the last digit", f"{good}.{right[:15]}\x00"),
        ("a blank in the tag", f"{good}.{right[:8]} {right[8:16]}"),
        ("a tag of letters beyond ASCII", f"{good}." + "é" * 8),
        ("of another bucket", f"{RELEASE}.4712.{right[:16]}"),
        ("of another secret", signed(good, "another secret than the right one")),
        ("of another release, signed", signed("web-2026-11-19.4711")),
        ("its tag with another release", f"{good}.{tag(SECRET, 'web-2026-11-19.4711', 16)}"),
        ("its tag over the number alone", f"{good}.{tag(SECRET, '4711', 16)}"),
        ("its tag over a token's text", f"{good}.{tag(SECRET, 'one-box.4711', 16)}"),
        ("the number behind the tag", f"{RELEASE}.{right[:16]}.4711"),
        ("the tag first", f"{right[:16]}.{good}"),
        ("the release behind the number", f"4711.{RELEASE}.{right[:16]}"),
        ("empty", ""),
        ("quoted", f'"{good}.{right[:16]}"'),
    ]:
        yield "signed pin", f"none: {name}", rules(SECRET), request(value)


def secrets():
    for name, secret in [
        ("of 16 bytes", "0123456789abcdef"),
        ("of 63 bytes", "x" * 63),
        ("of 64 bytes, a block", "x" * 64),
        ("of 65 bytes, which is hashed", "x" * 65),
        ("of 200 bytes", "xyz-" * 50),
        ("beyond ASCII", "пароль-Größe-\U0001f600"),
        ("with blanks at its ends", " blanks at both ends "),
        ("with a line feed", "two lines are\none secret"),
        ("with control characters", "a tab \t, a \x01 and a \x7f"),
    ]:
        yield "signed pin", f"a secret {name}", rules(secret), request(signed(f"{RELEASE}.4711", secret))
        yield "signed pin", f"a secret {name}, a new pin", rules(secret), cookies("session=7f3a")


def places():
    good, other, bad = f"{COOKIE}={RELEASE}.4711", f"{COOKIE}={RELEASE}.60000", f"{COOKIE}={RELEASE}.04711"
    for name, lines in [
        ("missing", ["session=7f3a"]),
        ("alone, without a key", [good]),
        ("stale and without a key", [bad]),
        ("no cookie at all", []),
        ("the first of two", [f"{good}; {other}"]),
        ("the first of two, turned round", [f"{other}; {good}"]),
        ("an invalid first one", [f"{bad}; {good}; session=7f3a"]),
        ("an empty first one", [f"{COOKIE}=; {good}; session=7f3a"]),
        ("a first one without =", [f"{COOKIE}; {good}; session=7f3a"]),
        ("on the second line", ["session=7f3a", good]),
        ("an invalid one on the first line", [bad, f"{good}; session=7f3a"]),
        ("in another case", [f"__host-onebox={RELEASE}.4711; session=7f3a"]),
        ("with a prefix", [f"x{good}; session=7f3a"]),
        ("with a suffix", [f"{COOKIE}2={RELEASE}.4711; session=7f3a"]),
        ("within another value", [f'a="{good}"; session=7f3a']),
        ("behind 500 pairs", ["; ".join(f"c{at}={at}" for at in range(500)) + f"; {good}"]),
        ("behind 500 almost of that name", ["; ".join(f"{COOKIE}{at}={at}" for at in range(500)) + f"; {good}"]),
        ("behind 2 KB", [f"a={'x' * 2048}; {good}; session=7f3a"]),
    ]:
        yield "pin cookie", name, rules(), cookies(*lines)
    for share in ("0%", "0.001%", "4.711%", "4.712%", "50%", "100%"):
        yield "pin cookie", f"at {share}", rules(share=share), cookies(f"{good}; session=7f3a")
        yield "pin cookie", f"none, at {share}", rules(share=share), cookies("session=7f3a")
    yield "pin cookie", "is a key as well", rules(keys=[f"cookie:{COOKIE}"]), cookies(bad)
    yield "pin cookie", "a composite is pinned", rules(keys=[["cookie:a", "cookie:b"]]), cookies("a=1; b=2")
    yield "pin cookie", "a key beyond ASCII is pinned", rules(), cookies("session=привет \U0001f600")
