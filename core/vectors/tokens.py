"""What the vectors of override tokens ask."""

from cases import cookies, policy
from reference import moment, tag, token

NAME = "onebox-force"
SECRET = "swordfish, swordfish, swordfish"
NOW = moment("2026-11-20T12:00:00Z")
LATER = NOW // 1000 + 3600
KEY = "session=0005"


def rules(share="50%", name=NAME, secret=SECRET):
    return policy(["cookie:session"], share) | {"override": {"name": name, "secret": secret}}


def signed(text, secret=SECRET, digits=32):
    return f"{text}.{tag(secret, text, digits)}"


def by_cookie(value, now=NOW):
    return cookies(f"{NAME}={value}; {KEY}") | {"now": now}


def by_header(*lines, now=NOW, cookie=None):
    return cookies(*([f"{NAME}={cookie}"] if cookie else []), KEY) | {"headers": {NAME: list(lines)}, "now": now}


def decisions():
    """(group, name, policy, request) of every case."""
    yield from times()
    yield from texts()
    yield from places()


def times():
    for name, now in [
        ("1 ms before its expiry", LATER * 1000 - 1),
        ("exactly at its expiry", LATER * 1000),
        ("1 ms after its expiry", LATER * 1000 + 1),
        ("a second before", LATER * 1000 - 1000),
        ("a second after", LATER * 1000 + 1000),
        ("long after", moment("2100-01-01T00:00:00Z")),
        ("a clock in 1970", 0),
        ("a clock before 1970", -86_400_000),
        ("the smallest number that every language knows", -9_007_199_254_740_991),
        ("the largest number that every language knows", 9_007_199_254_740_991),
    ]:
        yield "token", name, rules(), by_cookie(token(SECRET, "regular", LATER), now)
    for expiry, now in [(0, -1), (0, 0), (1, 999), (1, 1000), (4_102_444_800, NOW), (253_402_300_800, NOW),
                        (999_999_999_999, NOW), (999_999_999_999, 999_999_999_999_000)]:
        yield "token", f"that expires at {expiry}, at {now}", rules(), by_cookie(token(SECRET, "regular", expiry), now)


def texts():
    for side in ("one-box", "regular"):
        good = token(SECRET, side, LATER)
        yield "token", f"{side} by the header", rules(), by_header(good)
        yield "token", f"{side} by the cookie", rules(), by_cookie(good)
    for expiry in ("", "0" + str(LATER), "00", "+" + str(LATER), "-1", " " + str(LATER), str(LATER) + " ", "1e12",
                   "1000000000000", "18446744073709551616", "9" * 300, "0x7fffffff", "never", f"{LATER}\x00",
                   "\u0664\u0661\u0660\u0662\u0664\u0664\u0664\u0668\u0660\u0660", f"{LATER}.5", "4102444800,"):
        name = expiry if len(expiry) < 40 else f"{len(expiry)} of {expiry[0]}"
        yield "token", f"signed, but no expiry: {name!a}", rules(), by_cookie(signed(f"regular.{expiry}"))
    for side in ("", "Regular", "REGULAR", "one box", "onebox", "One-Box", "none", "regular ", "\x00regular", '"regular"',
                 "регуляр", "0"):
        yield "token", f"signed, but no side: {side!a}", rules(), by_cookie(signed(f"{side}.{LATER}"))
    text = f"regular.{LATER}"
    right = tag(SECRET, text, 64)
    for name, value in [
        ("a missing tag", text),
        ("an empty tag", f"{text}."),
        ("one digit too few", f"{text}.{right[:31]}"),
        ("one digit too many", f"{text}.{right[:33]}"),
        ("the whole tag", f"{text}.{right}"),
        ("a pin's length of the tag", f"{text}.{right[:16]}"),
        ("the last digit changed", f"{text}.{right[:31]}{'0' if right[31] != '0' else '1'}"),
        ("the first digit changed", f"{text}.{'0' if right[0] != '0' else '1'}{right[1:32]}"),
        ("in upper case", f"{text}.{right[:32].upper()}"),
        ("only zeros", f"{text}.{'0' * 32}"),
        ("the tag twice", f"{text}.{right[:32]}.{right[:32]}"),
        ("a dot at the end", f"{text}.{right[:32]}."),
        ("a NUL at the end", f"{text}.{right[:32]}\x00"),
        ("a NUL for the last digit", f"{text}.{right[:31]}\x00"),
        ("letters beyond ASCII for a tag", f"{text}." + "é" * 16),
        ("another side with its tag", f"one-box.{LATER}.{right[:32]}"),
        ("a later expiry with its tag", f"regular.{LATER + 1}.{right[:32]}"),
        ("of another secret", signed(text, "another secret than the right one")),
        ("its tag over the expiry alone", f"{text}.{tag(SECRET, str(LATER), 32)}"),
        ("re-ordered: the expiry first", f"{LATER}.regular.{right[:32]}"),
        ("re-ordered: the tag first", f"{right[:32]}.{text}"),
        ("re-ordered: the tag in the middle", f"regular.{right[:32]}.{LATER}"),
        ("another separator", f"regular:{LATER}:{right[:32]}"),
        ("the side alone", "regular"),
        ("dots", ".."),
        ("empty", ""),
        ("2 KB", "regular." + "1" * 2048),
        ("quoted", f'"{text}.{right[:32]}"'),
        ("a NUL", "\x00"),
    ]:
        yield "token", f"none: {name}", rules(), by_cookie(value)
        if not any(character < " " for character in value):
            yield "token", f"none, by the header: {name}", rules(), by_header(value)
    for name, secret in [("beyond ASCII", "пароль-Größe-\U0001f600"), ("of 64 bytes", "y" * 64),
                         ("of 65 bytes", "y" * 65), ("of 300 bytes", "y" * 300), ("with blanks", " a secret in blanks ")]:
        yield "token", f"a secret {name}", rules(secret=secret), by_cookie(token(secret, "regular", LATER))


def places():
    box, regular = token(SECRET, "one-box", LATER), token(SECRET, "regular", LATER)
    old, wrong = token(SECRET, "one-box", NOW // 1000), box[:-1] + ("0" if box[-1] != "0" else "1")
    for name, request in [
        ("the header comes before the cookie", by_header(regular, cookie=box)),
        ("the header comes before the cookie, turned round", by_header(box, cookie=regular)),
        ("an invalid header, then the cookie", by_header(wrong, cookie=regular)),
        ("an expired header, then the cookie", by_header(old, cookie=regular)),
        ("an empty header, then the cookie", by_header("", cookie=regular)),
        ("no header, then the cookie", cookies(f"{NAME}={regular}") | {"now": NOW}),
        ("both invalid", by_header(wrong, cookie=old)),
        ("blanks around the header", by_header(f" \t{regular} ")),
        ("of two header lines the first", by_header(regular, box)),
        ("an invalid first header line", by_header(wrong, regular)),
        ("two tokens on one header line", by_header(f"{regular}, {box}")),
        ("the first of two cookies", cookies(f"{NAME}={regular}; {NAME}={box}; {KEY}") | {"now": NOW}),
        ("an invalid first cookie", cookies(f"{NAME}={wrong}; {NAME}={regular}; {KEY}") | {"now": NOW}),
        ("an empty first cookie", cookies(f"{NAME}=; {NAME}={regular}; {KEY}") | {"now": NOW}),
        ("on the second Cookie line", cookies(KEY, f"{NAME}={regular}") | {"now": NOW}),
        ("blanks around the cookie", cookies(f"{NAME} =\t{regular} ; {KEY}") | {"now": NOW}),
        ("a cookie of another case", cookies(f"Onebox-Force={regular}; {KEY}") | {"now": NOW}),
        ("without a key", cookies(f"{NAME}={box}") | {"now": NOW}),
        ("nothing is sent", {"now": NOW}),
    ]:
        yield "token", name, rules(), request
    by_name = {"headers": {"x-force": [regular]}, "now": NOW}
    yield "token", "a header's name has no case", rules(name="X-Force"), by_name | cookies(KEY)
    yield "token", "a cookie's name has case", rules(name="X-Force"), cookies(f"X-Force={regular}; {KEY}") | {"now": NOW}
    lower = cookies(f"x-force={regular}; {KEY}") | {"now": NOW}
    yield "token", "a cookie's name has case, and this is another", rules(name="X-Force"), lower
    for share in ("0%", "100%"):
        for side, value in [("one-box", box), ("regular", regular), ("expired", old)]:
            yield "token", f"{side} at {share}", rules(share), by_cookie(value)
