"""What the vectors of networks, `client-ip/N`, ask."""

from cases import FIREFOX, cookies, headers, policy

UA = "header:user-agent"


def decisions():
    """(group, name, policy, request) of every case."""
    for bits in (16, 17, 31, 32, 33, 48, 56, 63, 64, 65, 95, 96, 112, 127, 128):
        for address in ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8::ffff:ffff:ffff:ffff", "ffff::ffff", "::1", "::"):
            yield "client-ip/N", f"{address} at {bits}", *asked(address, bits)
    yield from of_one_network()
    yield from spellings()
    yield from ipv4()
    yield from none()
    yield from chains()


def asked(address, bits=64):
    return policy([f"client-ip/{bits}"]), {"clientIp": address}


def of_one_network():
    for address in ("2001:db8:1:2::", "2001:db8:1:2::1", "2001:db8:1:2:aaaa:bbbb:cccc:dddd", "2001:db8:1:2:ffff:ffff:ffff:ffff"):
        yield "one network", f"{address} and its neighbours", *asked(address)
    for address in ("2001:db8:1:3::", "2001:db8:1:1:ffff:ffff:ffff:ffff"):
        yield "one network", f"{address} is of another", *asked(address)


def spellings():
    """Ways to write an address, and results that RFC 5952 says how to write."""
    for name, address in [
        ("upper case", "2001:DB8:A:B::1"),
        ("leading zeros", "2001:0db8:000a:000b:0000:0000:0000:0001"),
        ("no run is compressed", "2001:db8:a:b:0:0:0:1"),
        ("another run is compressed", "2001:db8::b:0:0:0:1"),
        ("one zero group is not compressed", "2001:db8:0:b:c:d:e:f"),
        ("one zero group, written as ::", "2001:db8::b:c:d:e:f"),
        ("one zero group at the beginning", "0:1:2:3:4:5:6:7"),
        ("one zero group at the beginning, written as ::", "::1:2:3:4:5:6:7"),
        ("one zero group at the end", "1:2:3:4:5:6:7:0"),
        ("one zero group at the end, written as ::", "1:2:3:4:5:6:7::"),
        ("the longest run", "2001:0:0:1:0:0:0:1"),
        ("the longest run is the first", "2001:0:0:0:1:0:0:1"),
        ("the first of equal runs", "2001:db8:0:0:1:0:0:1"),
        ("a run at the beginning", "0:0:0:4:5:6:7:8"),
        ("a run at the end", "1:2:3:4:5:0:0:0"),
        ("runs at both ends", "0:0:0:1:1:0:0:0"),
        ("zeros everywhere", "0:0:0:0:0:0:0:0"),
        ("a well-known prefix in dotted form", "64:ff9b::1.2.3.4"),
        ("a well-known prefix in hexadecimal", "64:ff9b::102:304"),
        ("six groups and the dotted form", "2001:db8:1:2:3:4:192.0.2.33"),
        ("the dotted form alone", "::192.0.2.33"),
        ("translated, not mapped", "::ffff:0:192.0.2.33"),
        ("a bit more than mapped", "1::ffff:192.0.2.33"),
    ]:
        for bits in (64, 112, 128):
            yield "RFC 5952", f"{name}, at {bits}", *asked(address, bits)
    for address in ("2001:db8:a:b::1", "2001:DB8:A:B::1", "2001:0db8:000a:000b:0000:0000:0000:0001"):
        yield "RFC 5952", f"{address} as given is another key", policy(["client-ip"]), {"clientIp": address}


def ipv4():
    for bits in (16, 24, 32, 64, 96, 128):
        for address in ("198.51.100.7", "::ffff:198.51.100.7", "::ffff:c633:6407", "::FFFF:C633:6407",
                        "0:0:0:0:0:ffff:198.51.100.7", "0000:0000:0000:0000:0000:ffff:c633:6407"):
            yield "IPv4 is whole", f"{address} at {bits}", *asked(address, bits)
    for address in ("0.0.0.0", "255.255.255.255", "1.20.255.0", "::ffff:0.0.0.0", "::ffff:0:0", "::ffff:1.2.3.4"):
        yield "IPv4 is whole", address, *asked(address)
    yield "IPv4 is whole", "as client-ip has it", policy(["client-ip"]), {"clientIp": "198.51.100.7"}


def none():
    for address in [
        "", " ", "localhost", "198.51.100.7:443", "[2001:db8::1]", "[2001:db8::1]:443", "2001:db8::1%eth0", "fe80::1%1",
        "198.51.100.7%1", "fe80::1%", " 198.51.100.7", "198.51.100.7 ", "2001:db8::1 ", "\t2001:db8::1", "2001:db8::1\n",
        "198.51.100.7\n", "2001:db8::1\x00", "198.51.100", "198.51.100.7.1", "198.51.100.", ".198.51.100.7", "198.51..7",
        "198.51.100.256", "198.51.100.1000", "198.51.100.07", "198.51.100.00", "198.51.100.-7", "198.51.100.+7",
        "198.51.100.0x7", "198.51.100.a", "3325256711", "0xc6336407", "198.51.100.7, 203.0.113.1", "198.51.100.7/32",
        "2001:db8::/64", "2001:db8::1/128", ":", ":::", "::::", "1", "1:", ":1", "2001:db8", "2001:db8::1::2", "::1::",
        "2001:db8:::1", ":2001:db8::1", "2001:db8::1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1:2:3:4:5:6:7:", ":2:3:4:5:6:7:8", "2001:db8::12345", "2001:db8::00001",
        "2001:db8::g", "2001:db8::-1", "2001:db8::+1", "2001:db8::0x1", "2001:db8::1.2.3", "2001:db8::1.2.3.4.5",
        "2001:db8::1.2.3.256", "2001:db8::01.2.3.4", "2001:db8::1.2.3.4:5", "1.2.3.4::", "1.2.3.4::1", "::1.2.3.4:",
        "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:1.2.3.4", "::ffff:1.2.3.4.5", "::ffff:1.2.3", "::ffff:[1.2.3.4]",
        "\u0661\u0669\u0668.51.100.7", "2001:db8::\uff11", "198\u300251\u3002100\u30027",
    ]:
        yield "no address", f"{address!a}", *asked(address)
    yield "no address", "none at all", policy(["client-ip/64"]), headers(user_agent=FIREFOX)
    yield "no address", "what is none as given is a key", policy(["client-ip"]), {"clientIp": "[2001:db8::1]:443"}


def chains():
    one, two = "2001:db8:1:2:aaaa::1", "2001:db8:1:2:bbbb::2"
    chain = policy(["cookie:session", ["client-ip/64", UA], "client-ip/48", UA])
    agent = headers(user_agent=FIREFOX)
    for name, request in [
        ("a cookie first", cookies("session=7f3a") | agent | {"clientIp": one}),
        ("a composite", agent | {"clientIp": one}),
        ("a composite, from another address", agent | {"clientIp": two}),
        ("a composite, of IPv4", agent | {"clientIp": "198.51.100.7"}),
        ("a composite whose other part is missing", {"clientIp": two}),
        ("no address in a composite", agent | {"clientIp": "2001:db8::1%eth0"}),
        ("nothing", {}),
    ]:
        yield "networks in a chain", name, chain, request
    for keys in (["client-ip/64"], ["client-ip/64", "client-ip/48"], ["client-ip/48", "client-ip"], ["client-ip", "client-ip/48"],
                 ["client-ip/128", UA, "client-ip/16"]):
        for address in (one, two):
            yield "networks in a chain", f"{' and '.join(keys)} of {address}", policy([keys]), agent | {"clientIp": address}
    yield "networks in a chain", "the first that is an address", policy(["client-ip/64", "client-ip"]), {"clientIp": "[::1]"}
    for share in ("0%", "49%", "100%"):
        yield "networks in a chain", f"a share of {share}", policy(["client-ip/56"], share), {"clientIp": one}
