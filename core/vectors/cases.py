"""What the vectors of decisions ask. The answers come from reference.py."""

SALT = "web-2026-11-20"
UA = "header:user-agent"

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


def policy(keys, share="50%", salt=SALT):
    return {"salt": salt, "share": share, "keys": keys}


def cookies(*lines):
    return {"cookies": list(lines)}


def headers(**lines):
    return {"headers": {name.replace("_", "-"): [line] for name, line in lines.items()}}


def letters(random, count):
    return "".join(random.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(count))


def decisions(random):
    """(group, name, policy, request) of every case."""
    yield from lengths(random)
    yield from texts()
    yield from cookie_lines()
    yield from header_lines()
    yield from chains()
    yield from shares(random)


def lengths(random):
    session = policy(["cookie:session"])
    for group, request in [
        ("no request", {}),
        ("no cookie line", cookies()),
        ("an empty line", cookies("")),
        ("a line of blanks", cookies(" \t ")),
        ("only separators", cookies(";;; ; ;")),
        ("an empty value", cookies("session=")),
        ("a value of blanks", cookies("session= \t ")),
        ("an empty header", headers(user_agent="")),
        ("an empty address", {"clientIp": ""}),
    ]:
        yield "empty", group, policy(["cookie:session", UA, "client-ip"]), request
    for value in "aZ09=\"%,+-_~\x7f!":
        yield "one byte", f"the value {value!r}", session, cookies(f"session={value}")
    # The stripes of XXH32 are 16 bytes long: salted lengths on both sides of one, two and four of them.
    for total in [3, 4, 5, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 24, 30, 31, 32, 33, 34, 47, 48, 49, 63, 64, 65]:
        for salt in ("s", "0123456789abcd", "0123456789abcde", "0123456789abcdef"):
            value = total - len(salt) - 1
            if value > 0:
                name, line = f"{total} bytes with a salt of {len(salt)}", "session=" + letters(random, value)
                yield "length", name, policy(["cookie:session"], salt=salt), cookies(line)
    for size in (100, 255, 256, 257, 1_000, 1_500, 2_048, 4_096, 8_191, 16_384):
        yield "long", f"a cookie of {size} bytes", session, cookies("a=b; session=" + letters(random, size) + "; c=d")
    yield "long", "a cookie of 64 KiB", session, cookies("session=" + letters(random, 65_536))
    yield "long", "a cookie behind 2 KiB of others", session, cookies(f"a={letters(random, 2_048)}; session=7f3a")
    yield "long", "a header of 16 KiB", policy([UA]), headers(user_agent=letters(random, 16_384))
    yield "long", "a name of 200 bytes", policy(["cookie:" + "n" * 200]), cookies("n" * 199 + "=1; " + "n" * 200 + "=2")
    yield "long", "500 pairs before", session, cookies("; ".join(f"c{at}={at}" for at in range(500)) + "; session=last")
    yield "long", "500 pairs of almost that name", session, cookies("; ".join(f"session{at}={at}" for at in range(500)))


def texts():
    for name, value in [
        ("two-byte letters", "é"),
        ("the same letter in two code points", "e\u0301"),
        ("Cyrillic", "привет"),
        ("Chinese", "微信/8.0"),
        ("an emoji, outside the basic plane", "\U0001f600"),
        ("the last code point", "\U0010ffff"),
        ("a zero-width joiner", "\U0001f468\u200d\U0001f469"),
        ("right to left", "שלום"),
        ("a byte order mark", "\ufeffx"),
        ("the replacement character", "\ufffd"),
        ("a no-break space is no blank", "\u00a0x\u00a0"),
        ("an ideographic space is no blank", "\u3000x\u3000"),
        ("what ISO-8859-1 makes of UTF-8", "cafÃ©"),
        ("a vertical tab and a form feed are no blanks", "\x0bx\x0c"),
    ]:
        yield "UTF-8", f"{name}, in a cookie", policy(["cookie:session"]), cookies(f"session={value}")
        yield "UTF-8", f"{name}, in a User-Agent", policy([UA]), headers(user_agent=f"{value}")
    for at, agent in enumerate([
        "Opera/9.80 (Windows NT 6.1; U; zh-cn) Presto/2.7.62 Version/11.01 百度",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36 "
        "Приложение/3.2",
        "MaCoupe d\u2019été/4.1 CFNetwork/1568.200.51 Darwin/24.1.0",
        "ゲーム/1.0 (iPhone14,5; iOS 18.1)",
        FIREFOX,
        PHONE,
        "curl/8.14.1",
        "Amazon CloudFront",
    ]):
        yield "User-Agent", f"number {at + 1}", policy([UA]), headers(user_agent=agent)
    yield "UTF-8", "in the salt", policy(["cookie:session"], salt="Größe-😀"), cookies("session=7f3a")


def cookie_lines():
    session = policy(["cookie:session"])
    for name, lines in [
        ("the first of two", ["session=one; session=two"]),
        ("an empty first one does not yield", ["session=; session=two"]),
        ("a first one without = is no pair", ["session; session=two"]),
        ("twice the same", ["session=one; session=one"]),
        ("the first of two lines", ["session=one", "session=two"]),
        ("an empty first one on another line", ["session=", "session=two"]),
        ("three of other names between", ["session=one; a=1; b=2; c=3; session=two"]),
    ]:
        yield "duplicate names", name, session, cookies(*lines)
    for name, lines in [
        ("on the second", ["a=b", "session=7f3a"]),
        ("on the last of eleven", [f"c{at}=v{at}" for at in range(10)] + ["session=7f3a"]),
        ("empty lines before", ["", " ", "session=7f3a"]),
        ("a pair does not go on on the next line", ["session", "=7f3a"]),
        ("a value ends with its line", ["session=7f", "3a"]),
        ("an open separator at the end", ["a=b;", "session=7f3a;"]),
        ("almost the name on the first", ["xsession=1", "session=7f3a"]),
        ("on none", ["a=b", "c=d"]),
    ]:
        yield "several lines", name, session, cookies(*lines)
    for name, line in [
        ("a quoted value", 'session="7f3a"'),
        ("a quoted value with a blank", 'session="7f 3a"'),
        ("a quoted separator separates", 'session="7f;3a"'),
        ("an open quote", 'session="7f3a'),
        ("quotes alone", 'session=""'),
        ("a quoted name is another name", '"session"=7f3a'),
        ("single quotes", "session='7f3a'"),
        ("a quoted pair of that name inside another value", 'a="; session=inner"; session=outer'),
        ("a backslash", 'session="7f\\"3a"'),
    ]:
        yield "quotes", name, session, cookies(line)
    for name, line in [
        ("the name alone", "session"),
        ("the name alone, then another pair", "session; a=b"),
        ("another word before", "word; session=7f3a"),
        ("a word and the name", "a session=7f3a"),
        ("the name and a word", "session a=7f3a"),
        ("a colon", "session:7f3a"),
        ("the value is the name", "a=session"),
        ("the value is a pair of that name", "a=session=7f3a"),
        ("a comma does not separate", "a=b, session=7f3a"),
        ("a line feed does not separate", "a=b\nsession=7f3a"),
        ("an empty name", "=session; =7f3a; session=yes"),
    ]:
        yield "no =", name, session, cookies(line)
    for name, line in [
        ("= in the value", "session=a=b"),
        ("= at the end", "session=YWJj=="),
        ("a value of =", "session=="),
        ("blanks around the name", "a=b; \t session \t =7f3a"),
        ("blanks around the value", "session= \t 7f3a \t ;a=b"),
        ("blanks within the value", "session=7f \t 3a"),
        ("blanks at the ends of the line", "  session=7f3a  "),
        ("no blank between pairs", "a=b;session=7f3a;c=d"),
        ("many separators", ";;a=b;;session=7f3a;;"),
        ("tabs between pairs", "a=b;\tsession=7f3a"),
        ("a blank before =", "session =7f3a"),
        ("a blank after =", "session= 7f3a"),
        ("a carriage return is no blank", "session=7f3a\r"),
        ("a no-break space is no blank", "\u00a0session=7f3a"),
        ("a NUL in the value", "session=7f\x003a"),
        ("a NUL before the name", "\x00session=7f3a"),
    ]:
        yield "blanks", name, session, cookies(line)
    for name, line in [
        ("a prefix", "xsession=1"),
        ("a prefix, then the name", "xsession=1; session=2"),
        ("a suffix", "session2=1"),
        ("a suffix, then the name", "session2=1; session=2"),
        ("both", "xsession2=1; __Host-session=3; session.sig=4"),
        ("the name twice in a row", "sessionsession=1; session=2"),
        ("the name within a value", "next=/session=1; session=2"),
        ("the name in a value's middle", "a=b session=1; session=2"),
        ("upper case", "SESSION=1; session=2"),
        ("only another case", "Session=1"),
        ("percent signs are not decoded", "session=a%20b%3B"),
        ("a percent sign alone", "session=%"),
        ("a name with percent signs is another name", "s%65ssion=1"),
        ("a plus sign is no blank", "session=a+b"),
    ]:
        yield "names and values", name, session, cookies(line)
    for name, line in [
        ("ana", "banana=1; anana=2; ana=3"),
        ("aa", "aaa=1; aa=2"),
        ("a", "aa=a=1; a=2"),
        ("a.b", "axb=1; a.b=2"),
        ("__Host-id", "host-id=1; __Host-id=2"),
        ("!#$%&'*+-.^_`|~", "x=1; !#$%&'*+-.^_`|~=2"),
        ("0", "00=1; 0=2"),
    ]:
        yield "names and values", f"the name {name}", policy([f"cookie:{name}"]), cookies(line)


def header_lines():
    for name, lines in [
        ("of two lines the first", ["Firefox", "Chrome"]),
        ("blanks at the ends", [" \tFirefox\t "]),
        ("blanks within", ["Fire \t fox"]),
        ("only blanks", [" \t"]),
        ("an empty first line does not yield", ["", "Chrome"]),
        ("a list stays as it is", ["a, b"]),
        ("quotes stay", ['"Firefox"']),
    ]:
        yield "headers", name, policy([UA]), {"headers": {"user-agent": lines}}
    yield "headers", "another header", policy(["header:x-device"]), headers(user_agent="x", x_device="tablet")
    yield "headers", "a configured name has no case", policy(["header:User-Agent"]), headers(user_agent=FIREFOX)
    yield "headers", "a header is no cookie", policy(["header:session"]), cookies("session=7f3a")
    yield "headers", "a cookie is no header", policy(["cookie:user-agent"]), headers(user_agent=FIREFOX)
    long = "2001:0db8:0000:0000:0000:0000:0000:0001"
    for address in ("198.51.100.7", "2001:db8::1", long, "::ffff:198.51.100.7", "2001:DB8::1"):
        yield "client-ip", f"{address} as given", policy(["client-ip"]), {"clientIp": address}
    yield "client-ip", "no address", policy(["client-ip"]), headers(user_agent=FIREFOX)


def chains():
    chain = policy(["cookie:session", ["client-ip", UA], UA])
    everything = cookies("session=7f3a") | headers(user_agent=FIREFOX) | {"clientIp": "198.51.100.7"}
    for missing in [(), ("cookies",), ("clientIp",), ("headers",), ("cookies", "clientIp"), ("cookies", "headers"),
                    ("headers", "clientIp"), ("cookies", "headers", "clientIp")]:
        request = {name: value for name, value in everything.items() if name not in missing}
        yield "chain", "without " + (" and ".join(missing) or "nothing"), chain, request
    yield "chain", "the second cookie", policy(["cookie:a", "cookie:b"]), cookies("b=2; c=3")
    yield "chain", "an empty first cookie", policy(["cookie:a", "cookie:b"]), cookies("a=; b=2")
    yield "chain", "both", policy(["cookie:a", "cookie:b"]), cookies("b=2; a=1")
    yield "chain", "another key of the same value", policy(["cookie:b", "cookie:a"]), cookies("b=2; a=1")
    both = ["cookie:a", "cookie:b"]
    for name, entry, line in [
        ("both", both, "a=1; b=2"),
        ("in the configured order", ["cookie:b", "cookie:a"], "a=1; b=2"),
        ("the first is missing", both, "b=2"),
        ("the second is missing", both, "a=1"),
        ("the first is empty", both, "a=; b=2"),
        ("the second is empty", both, "a=1; b= "),
        ("twice the same", ["cookie:a", "cookie:a"], "a=1"),
        ("one part", ["cookie:a"], "a=1"),
    ]:
        yield "composite", name, policy([entry, UA]), cookies(line) | headers(user_agent="fallback")
    three = cookies("a=1") | headers(user_agent="u") | {"clientIp": "::1"}
    yield "composite", "three parts", policy([["cookie:a", "client-ip", UA]]), three
    yield "composite", "joined as one text", policy(["cookie:a"]), cookies("a=1\n2")
    yield "composite", "the boundary counts", policy([["cookie:a", "cookie:b"]]), cookies("a=12; b=3")
    yield "composite", "the boundary counts, elsewhere", policy([["cookie:a", "cookie:b"]]), cookies("a=1; b=23")
    abroad = headers(user_agent="привет \U0001f600") | {"clientIp": "2001:db8::1"}
    yield "composite", "non-ASCII", policy([["client-ip", UA]]), abroad
    for size in (1, 6, 7, 8, 15, 16, 17, 31, 32, 33, 300):
        line = f"a={'x' * size}; b={'y' * (size + 1)}"
        yield "composite", f"{size} bytes and {size + 1}", policy([both]), cookies(line)


def shares(random):
    for share in ("0%", "0.000%", "0.001%", "0.01%", "0.1%", "1%", "5%", "12.345%", "50%", "99.999%", "100%"):
        for value in ("7f3a", "alice", "bob"):
            yield "share", f"{share}, {value}", policy(["cookie:session"], share), cookies(f"session={value}")
        yield "share", f"{share}, no key", policy(["cookie:session"], share), {}
    # Found by search: the ends of the line, where a share begins and ends.
    for value, place in [("k36156", 0), ("k124", 99_999)]:
        for share in ("0.001%", "0.002%", "99.998%", "99.999%", "100%"):
            yield "share", f"{share}, bucket {place}", policy(["cookie:session"], share), cookies(f"session={value}")
    for salt in (":", "a", "a:", "web-2026-11-21", "WEB-2026-11-20", "web 2026", "s" * 64, "s" * 300):
        yield "salt", f"{salt[:20]!r} of {len(salt)}", policy(["cookie:session"], salt=salt), cookies("session=7f3a")
    yield "salt", "a colon in the salt", policy(["cookie:session"], salt="a:b"), cookies("session=c")
    yield "salt", "the same colon in the key", policy(["cookie:session"], salt="a"), cookies("session=b:c")
    for at in range(30):
        value, share = letters(random, random.randrange(8, 40)), f"{random.randrange(100)}.{random.randrange(1000):03}%"
        rules = policy(["cookie:session"], share, letters(random, 12))
        yield "random", f"number {at + 1}", rules, cookies(f"a=b; session={value}")
