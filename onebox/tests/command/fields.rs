use crate::{CONFIG, check::mistakes};

#[test]
fn every_field_has_its_rule() {
    const HOST: &str = "6:1: partition.forward_host: expected a header name without another meaning, which a function may set, \
                        such as \"X-Forwarded-Host\"";
    const PREFIX: &str = "6:9: partition.keys.0: expected a prefix length from 16 to 128 behind \"client-ip/\", such as \"client-ip/64\"";
    /// A line of a configuration, what it is replaced by, and what is said.
    const CASES: &[(&str, &str, &str)] = &[
        ("id = \"web-2026-11-20\"", "", "2:2: release.id: is missing"),
        ("id = \"web-2026-11-20\"", "id = 7", "3:1: release.id: expected a text, found a whole number"),
        (
            "id = \"web-2026-11-20\"",
            "id = \"a b\"",
            "3:1: release.id: expected 1 to 64 letters, digits, \"_\" or \"-\"",
        ),
        ("share = \"20%\"", "", "2:2: release.share: is missing"),
        (
            "share = \"20%\"",
            "share = 20",
            "4:1: release.share: expected a text such as \"5%\", or a list of steps, found a whole number",
        ),
        (
            "share = \"20%\"",
            "share = \"20\"",
            "4:1: release.share: expected a percentage with up to three decimals, such as \"5%\" or \"0.125%\"",
        ),
        ("share = \"20%\"", "share = \"101%\"", "4:1: release.share: a share is at most \"100%\""),
        (
            "share = \"20%\"",
            "shard = \"20%\"\nshare = \"20%\"",
            "4:1: release.shard: is unknown: did you mean release.share?",
        ),
        (
            "[partition]",
            "[partition]\nheader = \"X Y\"",
            "6:1: partition.header: expected a header name that begins with a letter, such as \"X-Req-Partition\"",
        ),
        (
            "[partition]",
            "[partition]\nheader = \"Host\"",
            "6:1: partition.header: this header has another meaning: choose a name of your own, such as \"X-Req-Partition\"",
        ),
        (
            "[partition]",
            "[partition]\nheader = \"X-Edge-Side\"",
            "6:1: partition.header: CloudFront does not allow a function to add this header: choose a name of your own, \
             such as \"X-Req-Partition\"",
        ),
        (
            "[partition]",
            "[partition]\nsalt = \"\"",
            "6:1: partition.salt: expected some text without control characters; leave it out to use the release id",
        ),
        ("[partition]", "[partition]\nsecret = 1", "6:1: partition.secret: is unknown: remove it"),
        ("[partition]", "[partition]\n\"a.b\" = 1", "6:1: partition.\"a.b\": is unknown: remove it"),
        (
            "keys = [",
            "keys = \"cookie:session\"\nkeyz = [",
            "6:1: partition.keys: expected a list of at least one entry, found a text",
        ),
        (
            "keys = [",
            "keys = [\"cookie\", ",
            "6:9: partition.keys.0: expected \"cookie:NAME\", \"header:NAME\", \"client-ip\" or \"client-ip/64\"",
        ),
        (
            "keys = [",
            "keys = [\"cookie:a b\", ",
            "6:9: partition.keys.0: a cookie or header name is one or more letters, digits or any of !#$%&'*+-.^_`|~",
        ),
        (
            "keys = [",
            "keys = [\"cookie:koa:sess\", ",
            "6:9: partition.keys.0: a cookie or header name is one or more letters, digits or any of !#$%&'*+-.^_`|~: a cookie \
             with another name, such as koa:sess, cannot be a key; give it one without \":\"",
        ),
        (
            "share = \"20%\"",
            "share = 0.2",
            "4:1: release.share: expected a text such as \"5%\", or a list of steps, found something else",
        ),
        (
            "[release]",
            "[pin]\nsecret = \"env:\"\n[release]",
            "3:1: pin.secret: expected the name of an environment variable behind \"env:\", such as \"env:ONEBOX_SECRET\"",
        ),
        ("keys = [", "keys = [\"client-ip/15\", ", PREFIX),
        ("keys = [", "keys = [\"client-ip/129\", ", PREFIX),
        ("keys = [", "keys = [\"client-ip/064\", ", PREFIX),
        ("keys = [", "keys = [\"client-ip/+64\", ", PREFIX),
        ("keys = [", "keys = [\"client-ip/\", ", PREFIX),
        ("[partition]", "[partition]\nforward_host = \"Host\"", HOST),
        ("[partition]", "[partition]\nforward_host = \"X-Real-IP\"", HOST),
        ("[partition]", "[partition]\nforward_host = \"X-Forwarded-For\"", HOST),
        ("[partition]", "[partition]\nforward_host = \"Cookie\"", HOST),
        ("[partition]", "[partition]\nforward_host = \"X Y\"", HOST),
        (
            "[partition]",
            "[partition]\nforward_host = \"x-req-partition\"",
            "6:1: partition.forward_host: is the partition header: choose another name, such as \"X-Forwarded-Host\"",
        ),
        (
            "keys = [",
            "forward_host = \"X-Forwarded-Host\"\nkeys = [\"header:x-forwarded-host\", ",
            "7:9: partition.keys.0: is the header of partition.forward_host, which viewer-request replaces: name another header",
        ),
        ("keys = [", "keys = [[], ", "6:9: partition.keys.0: an entry needs at least one part"),
        ("keys = [", "keys = [[\"client-ip\", 1], ", "6:23: partition.keys.0.1: expected a text, found a whole number"),
        (
            "keys = [",
            "keys = [\"header:User-Agent\", ",
            "6:84: partition.keys.3: is listed above already and would never be asked: remove it",
        ),
        (
            "keys = [",
            "keys = [\"header:x-req-partition\", ",
            "6:9: partition.keys.0: is the partition header itself, which a viewer could send to choose a side",
        ),
        (
            "keys = [",
            "keys = [\"header:CloudFront-Viewer-City\", ",
            "6:9: partition.keys.0: CloudFront adds its CloudFront-* headers after viewer-request: it would never yield",
        ),
        (
            "keys = [",
            "keys = [\"header:X-Amz-Cf-Id\", ",
            "6:9: partition.keys.0: CloudFront hides this header from functions: it would never yield",
        ),
        (
            "keys = [",
            "keys = [[\"client-ip\", \"header:X-Edge-Location\"], ",
            "6:23: partition.keys.0.1: CloudFront hides this header from functions: it would never yield",
        ),
        (
            "keys = [",
            "keys = [\"header:connection\", ",
            "6:9: partition.keys.0: CloudFront hides this header from functions: it would never yield",
        ),
        (
            "keys = [",
            "keys = [\"header:Via\", ",
            "6:9: partition.keys.0: CloudFront writes Via itself: it names the server that the request came through, not \
             the visitor",
        ),
        (
            "keys = [",
            "keys = [\"header:cookie\", ",
            "6:9: partition.keys.0: is all cookies together, which changes with each of them, and a CloudFront Function \
             has no such header: name one cookie, such as \"cookie:session\"",
        ),
        ("domain = \"reg.example.org\"", "", "7:10: origins.regular.domain: is missing"),
        (
            "domain = \"reg.example.org\"",
            "domain = \"https://reg.example.org\"",
            "8:1: origins.regular.domain: expected a domain name of at most 253 characters, without scheme, port or path",
        ),
        (
            "domain = \"reg.example.org\"",
            "domain = \"192.0.2.1\"",
            "8:1: origins.regular.domain: CloudFront does not connect to an IP address: expected a domain name",
        ),
        (
            "domain = \"box.example.org\"",
            "domain = \"reg.example.org\"",
            "9:10: origins.one-box: is the regular origin: name where the one-box is",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\nhost = \"a/b\"",
            "10:1: origins.one-box.host: expected a domain name of at most 253 characters, without scheme, port or path",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\npath = \"release/\"",
            "10:1: origins.one-box.path: expected a path that begins with \"/\", does not end with it and is URL-encoded, \
             up to 255 characters",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\nport = 22",
            "10:1: origins.one-box.port: expected 80, 443 or a number from 1024 to 65535",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\nport = 99999999999999999999",
            "10:1: origins.one-box.port: expected 80, 443 or a number from 1024 to 65535",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\nprotocol = \"h2\"",
            "10:1: origins.one-box.protocol: expected \"http\" or \"https\"",
        ),
        (
            "[release]",
            "[debug]\nresponse_header = \"yes\"\n[release]",
            "3:1: debug.response_header: expected true or false, found a text",
        ),
        ("share = \"20%\"", "share = []", "4:1: release.share: a schedule needs at least one step"),
        (
            "share = \"20%\"",
            "share = [\"20%\"]",
            "4:10: release.share.0: expected a table such as { at = \"2026-11-20T12:00:00Z\", share = \"5%\" }",
        ),
        ("share = \"20%\"", "share = [{ share = \"20%\" }]", "4:10: release.share.0.at: is missing"),
        ("share = \"20%\"", "share = [{ at = 2026-11-20T12:00:00Z }]", "4:10: release.share.0.share: is missing"),
        (
            "share = \"20%\"",
            "share = [{ at = \"noon\", share = \"20%\" }]",
            "4:12: release.share.0.at: expected a time of RFC 3339, such as \"2026-11-20T12:00:00Z\"",
        ),
        (
            "share = \"20%\"",
            "share = [\n{ at = \"2026-11-20T12:00:00Z\", share = \"1%\" },\n\
             { at = \"2026-11-20T13:00:00+01:00\", share = \"2%\" }]",
            "6:3: release.share.1.at: has to come after the step before it",
        ),
        (
            "[release]",
            "[pin]\ncookie = \"onebox\"\n[release]",
            "3:1: pin.cookie: expected a cookie name that begins with \"__Host-\", such as \"__Host-onebox\"",
        ),
        ("[release]", "[pin]\nmax_age = 7\n[release]", "3:1: pin.max_age: expected a text, found a whole number"),
        (
            "[release]",
            "[pin]\nmax_age = \"401d\"\n[release]",
            "3:1: pin.max_age: expected a duration from \"1s\" to \"400d\", such as \"12h\" or \"7d\"",
        ),
        (
            "[release]",
            "[pin]\nsecret = \"env:NOT_THERE\"\n[release]",
            "3:1: pin.secret: the environment variable NOT_THERE is not set: it has to hold the secret",
        ),
        (
            "[release]",
            "[pin]\nsecret = \"hex:00\"\n[release]",
            "3:1: pin.secret: a secret does not belong in a file: put it into an environment variable and write \
             \"env:NAME\"",
        ),
        ("[release]", "[override]\n[release]", "2:2: override.secret: is missing"),
        (
            "[release]",
            "[override]\nname = \"a b\"\n[release]",
            "3:1: override.name: expected a header name that begins with a letter, such as \"X-Req-Partition\"",
        ),
        (
            "[release]",
            "[crawlers]\n[release]",
            "2:2: crawlers.contains: expected a list of texts such as [\"bot\", \"crawler\", \"spider\"]",
        ),
        (
            "[release]",
            "[crawlers]\ncontains = [\"\"]\n[release]",
            "3:13: crawlers.contains.0: expected some text without control characters, up to 256 bytes",
        ),
        (
            "[release]",
            "[function]\norigin = \"edge\"\n[release]",
            "3:1: function.origin: expected \"lambda\" or \"function\"",
        ),
        (
            "[release]",
            "[function]\nkey = \"a\"\n[release]",
            "3:1: function.key: is a key of function.store: name the store, or remove this",
        ),
        ("[release]", "debug = 2026-11-20\n[release]", "2:1: debug: expected a table, found a text"),
        ("[release]", "[[debug]]\n[release]", "2:3: debug: expected a table, found a list"),
        ("[release]", "[releases]\n[release]", "2:2: releases: is unknown: did you mean release?"),
    ];
    for (line, replacement, expected) in CASES {
        let found = mistakes(&CONFIG.replacen(line, replacement, 1));
        assert!(found.iter().any(|found| found == expected), "{replacement}: expected {expected}, found {found:#?}");
    }
}
