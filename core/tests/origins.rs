//! Origins: every spelling of a bucket, and what a one-box takes from the regular origin.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

use onebox_core::{Incoming, Origin, S3Domain};
use proptest::{option, prelude::*, sample::select};

fn read(domain: &str) -> Option<(&str, Option<&str>)> {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    S3Domain::of(domain.as_bytes()).map(|found| (text(found.bucket()), found.region().map(text)))
}

/// <https://docs.aws.amazon.com/general/latest/gr/s3.html>
#[test]
fn every_spelling_of_a_bucket_names_the_bucket_and_its_region() {
    for (domain, bucket, region) in [
        ("web.s3.amazonaws.com", "web", Some("us-east-1")),
        ("web.s3-external-1.amazonaws.com", "web", Some("us-east-1")),
        ("web.s3.eu-west-1.amazonaws.com", "web", Some("eu-west-1")),
        ("web.s3-eu-west-1.amazonaws.com", "web", Some("eu-west-1")),
        ("web.s3.dualstack.ap-southeast-2.amazonaws.com", "web", Some("ap-southeast-2")),
        ("web.s3-fips.us-gov-west-1.amazonaws.com", "web", Some("us-gov-west-1")),
        ("web.s3-fips.dualstack.us-east-2.amazonaws.com", "web", Some("us-east-2")),
        ("web.s3-accelerate.amazonaws.com", "web", None),
        ("web.s3-accelerate.dualstack.amazonaws.com", "web", None),
        ("web.s3.amazonaws.com.cn", "web", Some("cn-north-1")),
        ("web.s3.cn-northwest-1.amazonaws.com.cn", "web", Some("cn-northwest-1")),
        ("WEB.S3.EU-WEST-1.AmazonAWS.com", "WEB", Some("EU-WEST-1")),
        // A bucket's own name may have dots, and look like an endpoint.
        ("www.example.org.s3.eu-west-1.amazonaws.com", "www.example.org", Some("eu-west-1")),
        ("www.s3.s3.amazonaws.com", "www.s3", Some("us-east-1")),
        ("a.s3.eu-west-1.s3-eu-central-1.amazonaws.com", "a.s3.eu-west-1", Some("eu-central-1")),
        ("a.s3.dualstack.s3.eu-west-1.amazonaws.com", "a.s3.dualstack", Some("eu-west-1")),
        ("web.s3-website-eu-west-1.s3.amazonaws.com", "web.s3-website-eu-west-1", Some("us-east-1")),
    ] {
        assert_eq!(read(domain), Some((bucket, region)), "{domain}");
    }
}

#[test]
fn a_name_of_the_global_endpoint_or_an_accelerated_one_has_no_region_in_it() {
    for (domain, expected) in [
        ("web.s3.amazonaws.com", false),
        ("web.s3.amazonaws.com.cn", false),
        ("web.s3-accelerate.amazonaws.com", false),
        ("web.s3-accelerate.dualstack.amazonaws.com", false),
        ("web.s3-external-1.amazonaws.com", true),
        ("web.s3.us-east-1.amazonaws.com", true),
        ("web.s3-eu-west-1.amazonaws.com", true),
        ("web.s3.dualstack.eu-west-1.amazonaws.com", true),
    ] {
        assert_eq!(S3Domain::of(domain.as_bytes()).unwrap().names_region(), expected, "{domain}");
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html>
#[test]
fn a_website_is_one_place_with_a_hyphen_and_with_a_dot_and_no_bucket() {
    let at = |domain: &str| Origin { domain: domain.into(), ..Origin::default() };
    let [hyphen, dot] = ["web.s3-website-eu-west-1.amazonaws.com", "WEB.s3-website.eu-west-1.amazonaws.com"];
    assert!(at(hyphen).is_same(&at(dot)) && at(dot).is_same(&at(hyphen)));
    assert!(at(hyphen).is(Incoming { domain: Some(dot.as_bytes()), ..Incoming::default() }));
    for other in [
        "web.s3-website-eu-west-2.amazonaws.com",
        "web2.s3-website.eu-west-1.amazonaws.com",
        "web.s3.eu-west-1.amazonaws.com",
        "web.s3-website.eu-west-1.example.org",
    ] {
        assert!(!at(hyphen).is_same(&at(other)) && !at(other).is_same(&at(dot)), "{other}");
    }
    assert!([hyphen, dot].iter().all(|domain| S3Domain::of(domain.as_bytes()).is_none()));
    let fips = ["web.s3-fips.us-gov-west-1.amazonaws.com", "web.s3-fips-us-gov-west-1.amazonaws.com"];
    assert!(at(fips[0]).is_same(&at(fips[1])) && at(fips[1]).is_same(&at("web.s3.us-gov-west-1.amazonaws.com")));
}

#[test]
fn other_services_and_endpoints_are_no_buckets() {
    for domain in [
        "",
        ".",
        "amazonaws.com",
        ".amazonaws.com",
        "s3.amazonaws.com",
        ".s3.amazonaws.com",
        "s3.eu-west-1.amazonaws.com",
        "s3-eu-west-1.amazonaws.com",
        "s3.dualstack.eu-west-1.amazonaws.com",
        "web.s3-website-eu-west-1.amazonaws.com",
        "web.s3-website.eu-central-1.amazonaws.com",
        "web.s3-accesspoint.eu-west-1.amazonaws.com",
        "web.s3-object-lambda.eu-west-1.amazonaws.com",
        "web.s3-outposts.eu-west-1.amazonaws.com",
        "web.bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com",
        "web.dualstack.eu-west-1.amazonaws.com",
        "web.s3.dualstack.amazonaws.com",
        "web.s3-.amazonaws.com",
        "web.s3..amazonaws.com",
        "web.s3.regional.amazonaws.com",
        "reg.execute-api.eu-west-1.amazonaws.com",
        "web.s3.eu-west-1.amazonaws.com.example.org",
        "web.s3.eu-west-1.amazonaws.org",
        "web.s3.eu-west-1xamazonaws.com",
        "web.s3.eu-west-1.amazonaws.com.",
    ] {
        assert_eq!(read(domain), None, "{domain}");
    }
}

/// The same by splitting the text into its labels.
fn naive(domain: &str) -> Option<(String, Option<String>)> {
    let domain = domain.to_ascii_lowercase();
    let (names, home) = match domain.strip_suffix(".amazonaws.com") {
        Some(names) => (names, "us-east-1"),
        None => (domain.strip_suffix(".amazonaws.com.cn")?, "cn-north-1"),
    };
    let labels: Vec<&str> = names.split('.').collect();
    let region = |label: &str| {
        let letters = label.bytes().take(2).filter(u8::is_ascii_alphabetic).count() == 2;
        let shaped =
            label.len() > 3 && label.get(2..3) == Some("-") && label.ends_with(|last: char| last.is_ascii_digit());
        (letters && shaped && label.chars().all(|each| each.is_ascii_alphanumeric() || each == '-'))
            .then(|| label.to_owned())
    };
    let (count, region) = match labels.as_slice() {
        [.., "s3"] => (1, Some(home.to_owned())),
        [.., "s3-external-1"] => (1, Some("us-east-1".to_owned())),
        [.., "s3-accelerate"] => (1, None),
        [.., last] if last.starts_with("s3-fips-") => (1, Some(region(&last[8..])?)),
        [.., last] if last.starts_with("s3-") => (1, Some(region(&last[3..])?)),
        [.., "s3-accelerate", "dualstack"] => (2, None),
        [.., "s3" | "s3-fips", "dualstack", last] => (3, Some(region(last)?)),
        [.., "s3" | "s3-fips", last] => (2, Some(region(last)?)),
        _ => return None,
    };
    let bucket = labels[..labels.len() - count].join(".");
    (labels.len() > count && !bucket.is_empty()).then_some((bucket, region))
}

fn labels() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "s3",
        "S3",
        "s3-fips",
        "s3-accelerate",
        "dualstack",
        "eu-west-1",
        "s3-eu-west-1",
        "s3-external-1",
        "s3-fips-eu-west-1",
        "s3-website-eu-west-1",
        "web",
        "a-b",
        "",
    ];
    let label =
        prop_oneof![8 => select(KNOWN).prop_map(str::to_owned), 1 => "[a-z0-9-]{0,6}", 1 => "s3-[a-z0-9é-]{0,5}"];
    let end = select(&[".amazonaws.com", ".amazonaws.com.cn", ".AmazonAWS.com", ".example.org", ""][..]);
    (proptest::collection::vec(label, 0..6), end).prop_map(|(labels, end)| labels.join(".") + end)
}

fn origin() -> impl Strategy<Value = Origin> {
    let text = |values: &'static [&'static str]| option::of(select(values).prop_map(str::to_owned));
    (
        select(&["reg.example.org", "box.example.org", "Web.s3.amazonaws.com"][..]),
        text(&["shop.example.org", "reg.example.org"]),
        text(&["", "/v1", "/v2"]),
        option::of(select(&[80, 443, 8080][..])),
        text(&["http", "https"]),
    )
        .prop_map(|(domain, host, path, port, protocol)| Origin {
            domain: domain.into(),
            host,
            path,
            port,
            protocol,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_bucket_is_read_as_by_splitting(domain in labels()) {
        let found = read(&domain).map(|(bucket, region)| (bucket.to_ascii_lowercase(), region.map(str::to_ascii_lowercase)));
        prop_assert_eq!(found, naive(&domain));
    }

    #[test]
    fn one_bucket_is_the_same_in_all_spellings_and_another_in_none(
        bucket in "[a-z0-9][a-z0-9.-]{1,20}[a-z0-9]",
        other in "[a-z0-9]{3,8}",
        region in select(&["eu-west-1", "us-gov-east-1", "ap-southeast-7"][..]),
    ) {
        let spellings = |bucket: &str| [
            format!("{bucket}.s3.amazonaws.com"),
            format!("{bucket}.s3.{region}.amazonaws.com"),
            format!("{bucket}.s3-{region}.amazonaws.com"),
            format!("{bucket}.s3.dualstack.{region}.amazonaws.com").to_uppercase(),
        ];
        for domain in spellings(&bucket) {
            let regular = Origin { domain, ..Origin::default() };
            for spelling in spellings(&bucket) {
                let incoming = Incoming { domain: Some(spelling.as_bytes()), ..Incoming::default() };
                prop_assert!(regular.is(incoming), "{} {}", regular.domain, spelling);
            }
            for spelling in spellings(&format!("{other}.{bucket}")).iter().chain(&[format!("{bucket}.s3.amazonaws.com.cn")]) {
                let incoming = Incoming { domain: Some(spelling.as_bytes()), ..Incoming::default() };
                prop_assert!(!regular.is(incoming), "{} {}", regular.domain, spelling);
            }
        }
    }

    #[test]
    fn what_the_one_box_does_not_specify_is_the_regular_origins(one_box in origin(), regular in origin()) {
        let whole = one_box.completed_by(&regular);
        prop_assert_eq!(&whole.domain, &one_box.domain.to_ascii_lowercase());
        prop_assert_eq!(&whole.path, &one_box.path.clone().or(regular.path.clone()));
        prop_assert!(one_box.port.is_none() || whole.port == one_box.port);
        prop_assert!(one_box.port.is_some() || regular.port.is_none() || whole.port == regular.port);
        prop_assert!(one_box.protocol.is_none() || whole.protocol == one_box.protocol);
        prop_assert!(one_box.protocol.is_some() || regular.protocol.is_none() || whole.protocol == regular.protocol);
        let taken = regular.host.clone().filter(|host| *host != regular.domain);
        prop_assert_eq!(&whole.host, &one_box.host.clone().or(taken));
        if one_box.port.is_none() && one_box.protocol.is_none() {
            prop_assert_eq!(whole.connection(), regular.connection());
            prop_assert_eq!((whole.port, &whole.protocol), (regular.port, &regular.protocol));
        }
        let again = whole.completed_by(&regular);
        prop_assert_eq!(again.connection(), whole.connection());
        prop_assert_eq!((&again.path, &again.host), (&whole.path, &whole.host));
    }
}

#[test]
fn a_port_and_a_protocol_complete_each_other() {
    let connection = |own: (Option<&str>, Option<u16>), regular: (Option<&str>, Option<u16>)| {
        let origin = |(protocol, port): (Option<&str>, _)| Origin {
            domain: "a.example.org".into(),
            protocol: protocol.map(Into::into),
            port,
            ..Origin::default()
        };
        let whole = origin(own).completed_by(&origin(regular));
        let (protocol, port) = whole.connection();
        (protocol.to_owned(), port)
    };
    for (own, regular, expected) in [
        ((None, Some(8080)), (Some("http"), Some(8080)), ("http", 8080)),
        ((None, Some(8081)), (Some("http"), Some(8080)), ("http", 8081)),
        ((None, None), (Some("http"), Some(8080)), ("http", 8080)),
        ((Some("https"), None), (Some("http"), Some(8080)), ("https", 8080)),
        ((Some("https"), None), (Some("http"), None), ("https", 443)),
        ((Some("http"), None), (None, None), ("http", 80)),
        ((None, Some(80)), (None, None), ("http", 80)),
        ((None, Some(80)), (Some("https"), None), ("https", 80)),
        ((None, Some(443)), (None, None), ("https", 443)),
        ((None, Some(8443)), (None, None), ("https", 8443)),
        ((None, None), (None, Some(80)), ("http", 80)),
        ((None, None), (None, None), ("https", 443)),
    ] {
        assert_eq!(connection(own, regular), (expected.0.to_owned(), expected.1), "{own:?} {regular:?}");
    }
}

#[test]
fn two_configured_origins_are_one_place_in_any_spelling() {
    let at = |domain: &str| Origin { domain: domain.into(), ..Origin::default() };
    let regular = at("web.s3.eu-west-1.amazonaws.com");
    assert!(at("WEB.s3.amazonaws.com").completed_by(&regular).is_same(&regular));
    let below = Origin { path: Some("/next".into()), ..at("web.s3.amazonaws.com") };
    assert!(!below.completed_by(&regular).is_same(&regular));
    let regular = Origin { port: Some(8080), protocol: Some("http".into()), ..at("reg.example.org") };
    assert!(at("REG.example.org").completed_by(&regular).is_same(&regular));
    assert!(!Origin { port: Some(8081), ..at("reg.example.org") }.completed_by(&regular).is_same(&regular));
}
