"""What the vectors of Vary and of origins ask. The answers come from reference.py."""

HEADER = "X-Req-Partition"

VARY = [
    ("none", []),
    ("empty", [""]),
    ("blanks and commas", [" , ,"]),
    ("another name", ["Accept-Encoding"]),
    ("two names", ["Accept-Encoding, Cookie"]),
    ("two lines", ["Accept-Encoding", "Cookie"]),
    ("two lines, one of them empty", ["Accept-Encoding", ""]),
    ("there", ["X-Req-Partition"]),
    ("there in another case", ["x-req-partition"]),
    ("there, among others", ["Accept-Encoding,X-REQ-PARTITION , Cookie"]),
    ("there, on the second line", ["Cookie", "x-req-partition"]),
    ("there twice", ["X-Req-Partition, X-Req-Partition"]),
    ("a star", ["*"]),
    ("a star between blanks", [" * "]),
    ("a star among names", ["Cookie, *"]),
    ("a star on the second line", ["Cookie", "*"]),
    ("a star within a name is no star", ["Accept-*"]),
    ("a prefix of the name", ["X-Req"]),
    ("the name and a suffix", ["X-Req-Partition-2"]),
    ("a prefix and the name", ["My-X-Req-Partition"]),
    ("quotes are part of a name", ['"X-Req-Partition"']),
    ("two names without a comma", ["Cookie X-Req-Partition"]),
    ("a dotless ı is no letter i", ["X-Req-Part\u0131tion"]),
    ("a trailing comma", ["Cookie,"]),
    ("tabs", ["\tCookie\t,\tX-Req-Partition\t"]),
]

REGULAR = {"domain": "reg.example.org"}
WHOLE = {"domain": "reg.example.org", "path": "/prod", "port": 443, "protocol": "https"}

ORIGIN = [
    ("one-box at the regular origin", REGULAR, "one-box", {"domain": "reg.example.org"}),
    ("regular at the regular origin", REGULAR, "regular", {"domain": "reg.example.org"}),
    ("no partition", REGULAR, None, {"domain": "reg.example.org"}),
    ("an empty partition", REGULAR, "", {"domain": "reg.example.org"}),
    ("a partition in another case", REGULAR, "One-Box", {"domain": "reg.example.org"}),
    ("a partition with blanks", REGULAR, " one-box", {"domain": "reg.example.org"}),
    ("failover: another origin", REGULAR, "one-box", {"domain": "spare.example.org"}),
    ("already moved", REGULAR, "one-box", {"domain": "box.example.org"}),
    ("no origin", REGULAR, "one-box", {}),
    ("a domain has no case", REGULAR, "one-box", {"domain": "REG.Example.ORG"}),
    ("a configured domain has no case", {"domain": "Reg.Example.Org"}, "one-box", {"domain": "reg.example.org"}),
    ("a longer domain", REGULAR, "one-box", {"domain": "reg.example.org.evil.example"}),
    ("a subdomain", REGULAR, "one-box", {"domain": "a.reg.example.org"}),
    ("a dot at the end", REGULAR, "one-box", {"domain": "reg.example.org."}),
    ("what is not configured does not count", REGULAR, "one-box", WHOLE),
    ("everything is the same", WHOLE, "one-box", WHOLE),
    ("another path", WHOLE, "one-box", WHOLE | {"path": "/dev"}),
    ("a path in another case", WHOLE, "one-box", WHOLE | {"path": "/Prod"}),
    ("no path where one is configured", WHOLE, "one-box", WHOLE | {"path": ""}),
    ("another port", WHOLE, "one-box", WHOLE | {"port": 8443}),
    ("another protocol", WHOLE, "one-box", WHOLE | {"protocol": "http"}),
    ("an S3 origin has neither port nor protocol", WHOLE, "one-box", {"domain": "reg.example.org", "path": "/prod"}),
    ("a configured empty path", REGULAR | {"path": ""}, "one-box", {"domain": "reg.example.org", "path": ""}),
    ("a configured empty path, another one", REGULAR | {"path": ""}, "one-box", REGULAR | {"path": "/x"}),
    ("regular, everything is the same", WHOLE, "regular", WHOLE),
]
