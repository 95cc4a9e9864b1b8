"""What the vectors of crawlers and of the order of decisions ask."""

import itertools
import random

import pins
import tokens
from cases import FIREFOX, cookies, headers, letters, policy
from moments import STEPS
from reference import moment, token

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PARTS = ["bot", "crawler", "spider"]


def decisions():
    """(group, name, policy, request) of every case."""
    yield from crawlers()
    yield from exceptions()
    yield from many()
    yield from edges()
    yield from order()
    yield from mixed(random.Random(3))


def asked(agent, parts):
    return policy(["header:user-agent"]) | {"crawlers": list(parts)}, headers(user_agent=agent)


def crawlers():
    for agent in (BOT, FIREFOX, "bot", "BOT", "bOt", "Bot/1", "robots", "bo", "b", "b ot", "bo t", "tob", "boot", "bbot",
                  "bobobot", "CRAWLER", "a Spider b", "spide", "crawle rspider", "bo\u0442", "\u0431\u043e\u0442", "b\u00f6t",
                  "bot\u00e9", "\u00e9bot", "\u5fae\u4fe1bot", "b\x00ot", "bot\x00", "b%6ft"):
        yield "crawler", f"{agent!a}", *asked(agent, PARTS)
    for part, agent in [
        ("GoogleBOT", "googlebot"), ("b", "B"), ("b", "a"), ("[bot]", "bot"), ("[bot]", "x[BOT]"), ("b.t", "bot"),
        ("b.t", "B.T"), ("(bot", "(bot"), ("bot+", "bott"), ("bot+", "BOT+"), ("^bot$", "bot"), ("\\bot", "\\BOT"),
        ("a/b (c)", "A/B (C)"), ("*", "a*b"), ("$", "cash"), ("a bot", "A BOT"), (" bot", "a bot"), ("bot{2}", "bott"),
        ("a|b", "b"), ("@bot", "`bot"), ("[bot", "{bot"), ("a_b", "a\x7fb"), ("kit", "\u212ait"), ("kit", "KIT"),
        ("spider", "\u017fpider"), ("i", "\u0130"), ("i", "\u0131"), ("k\u00f6", "K\u00f6"), ("k\u00f6", "K\u00d6"),
        ("\u0431\u043e\u0442", "\u0431\u043e\u0442"), ("\u0431\u043e\u0442", "\u0411\u041e\u0422"), ("\u00df", "SS"),
        ("stra\u00dfe", "STRA\u00dfE"), ("\U0001f916", "a \U0001f916"), ("\U0001f916", "\U0001f917"), ("\u00e9", "e\u0301"),
    ]:
        yield "crawler", f"{part!a} in {agent!a}", *asked(agent, [part])
    rules = policy(["client-ip"]) | {"crawlers": PARTS}
    for name, request in [
        ("no User-Agent", {}),
        ("an empty User-Agent", headers(user_agent="")),
        ("of two lines the first", {"headers": {"user-agent": ["Firefox", "bot"]}}),
        ("of two lines the first, turned round", {"headers": {"user-agent": ["bot", "Firefox"]}}),
        ("another header", headers(x_device="bot")),
        ("a cookie", cookies("user-agent=bot")),
    ]:
        yield "crawler", name, rules, {"clientIp": "198.51.100.7"} | request


def exceptions():
    devices = ["cubot", "M bot"]
    for agent in (
        "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 20) AppleWebKit/537.36", "cubot", "CuBoT", "Cubo t", "ubot", "M bot 60",
        "m BOT", "Mbot", "M  bot", BOT, f"{BOT} CUBOT", f"CUBOT {BOT}", "cubot spider", "spider", "a bot, M bot", FIREFOX, "",
    ):
        rules, request = asked(agent, PARTS)
        yield "crawler except", f"{agent!a}", rules | {"except": devices}, request
    for name, parts, devices, agent in [
        ("the same text", ["bot"], ["bot"], "bot"), ("the same text in another case", ["bot"], ["BOT"], "bot"),
        ("a part of the text", ["crawler"], ["awl"], "crawler"), ("no dot is any", ["bot"], ["cu.ot"], "cubot"),
        ("beyond ASCII", ["bot"], ["\u00d6bot"], "\u00f6bot"), ("beyond ASCII, as it stands", ["bot"], ["\u00d6bot"], "\u00d6bot"),
        ("the Kelvin sign", ["bot"], ["kbot"], "\u212abot"), ("one byte", ["b"], ["c"], "cb"),
    ]:
        rules, request = asked(agent, parts)
        yield "crawler except", name, rules | {"except": devices}, request
    rules = policy(["client-ip"]) | {"crawlers": PARTS, "except": ["CUBOT"]}
    two = {"clientIp": "198.51.100.7", "headers": {"user-agent": ["bot", "CUBOT"]}}
    yield "crawler except", "of two lines the first", rules, two


def many():
    parts = [f"{name}{end}" for name in ("google", "bing", "apple", "yandex", "a.b", "\u043f\u0440") for end in ("bot", "/1", " Spider")]
    for agent in (BOT, FIREFOX, "xYANDEX spider", "yandexspider", "A.B/1", "aXb/1", "\u043f\u0440bot", "\u041f\u0440bot", "bing",
                  "bingbo", "ingbot", "x" * 61 + "bingbot", "x" * 62 + "bingbo", "applegoogle/1", "GOOGLE/2"):
        yield "many crawlers", f"{agent!a}", *asked(agent, parts)
        yield "many crawlers", f"{agent!a}, and short ones", *asked(agent, [*parts, "zz", "~"])
    yield "many crawlers", "a short one among many", *asked("x ZZ y", [*parts, "zz", "~"])


def edges():
    # Whoever compares many places at once stumbles at the ends of 16, 32 and 64 bytes.
    for before in (0, 1, 12, 13, 14, 15, 16, 28, 29, 30, 31, 32, 33, 60, 61, 62, 63, 64, 93, 94, 95, 96):
        for after in (0, 31, 32):
            yield "crawler at", f"{before}, and {after} behind", *asked("b" * before + "Bot" + "t" * after, ["bot"])
            yield "crawler at", f"{before}, and {after} behind, almost", *asked("b" * before + "Bt" + "t" * after, ["bot"])
    for size in (1, 2, 16, 31, 32, 33, 64, 65, 100):
        part = "ab" * (size // 2) + "c" * (size % 2)
        for name, agent in [("alone", part), ("one less", part[:-1]), ("at the end", "x" * 33 + part.upper()),
                            ("the last letter differs", part[:-1] + "z" + "x" * 40)]:
            yield "crawler part", f"of {size}, {name}", *asked(agent, [part])


def order():
    now = tokens.NOW
    valid, expired = (token(tokens.SECRET, "one-box", expiry) for expiry in (tokens.LATER, now // 1000 - 1))
    pin = f"{pins.COOKIE}={pins.RELEASE}.4711"
    stale = f"{pins.COOKIE}=web-2026-11-19.4711"
    for (forced, share, agent, pinned, key) in itertools.product(
        [None, valid, expired], ["0%", "50%"], [BOT, FIREFOX], [None, pin, stale], [None, "session=7f3a"]
    ):
        said = [
            {None: "no token", valid: "a valid token", expired: "an expired token"}[forced],
            share,
            "a crawler" if agent == BOT else "a browser",
            {None: "no pin", pin: "a pin", stale: "a stale pin"}[pinned],
            "a key" if key else "no key",
        ]
        rules = tokens.rules(share) | {"pin": pins.rules()["pin"], "crawlers": PARTS}
        lines = [line for line in (forced and f"{tokens.NAME}={forced}", pinned, key) if line]
        yield "order", ", ".join(said), rules, cookies("; ".join(lines)) | headers(user_agent=agent) | {"now": now}


def mixed(random):
    for at in range(60):
        secret = letters(random, random.randrange(16, 90))
        rules = policy(["cookie:session", "header:user-agent"], random.choice([STEPS, "33.3%"]), letters(random, 9))
        rules["pin"] = {"cookie": pins.COOKIE, "release": letters(random, 12)} | random.choice([{}, {"secret": secret}])
        rules["override"] = {"name": tokens.NAME, "secret": secret[::-1]}
        rules["crawlers"] = PARTS
        now = moment("2026-11-20T11:30:00Z") + random.randrange(4 * 3_600_000)
        text = f"{rules['pin']['release']}.{random.randrange(110_000)}"
        pin = random.choice([text, pins.signed(text, secret), pins.signed(text), ""])
        made = token(random.choice([secret, secret[::-1]]), "one-box", now // 1000 + random.randrange(-2, 3))
        lines = [f"session={letters(random, 16)}", f"{pins.COOKIE}={pin}", f"{tokens.NAME}={made}"]
        request = cookies("; ".join(random.sample(lines, random.randrange(4)))) | {"now": now}
        agent = random.choice([BOT, FIREFOX, FIREFOX])
        yield "mixed", f"number {at + 1}", rules, request | headers(user_agent=agent)
