//! The layer decides as core does, whatever it is asked.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod service;

use std::{net::IpAddr, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use onebox_core::{Bucket, Crawlers, Overrides, Partition, Pins, Policy, Ramp, Secret, Share, Source, Step, Time};
use onebox_tower::{Assignment, ClientIp, OneboxLayer};
use proptest::{collection::vec, option, prelude::*, sample::select};
use service::send;

/// Around this second the schedule has its steps, and tokens expire.
const NOON: i64 = 1_795_176_000;
const RELEASE: &str = "web-2026-11-20";
const SECRET: &[u8] = b"swordfish";

/// A request as text, read as CloudFront reads it: the twin of the layer's own view.
#[derive(Clone, Debug)]
struct Visit {
    cookies: Vec<Vec<u8>>,
    headers: Vec<(&'static str, Vec<u8>)>,
    address: Option<IpAddr>,
}

struct Text {
    cookies: Vec<String>,
    headers: Vec<(&'static str, String)>,
    address: Option<String>,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect())
}

impl Visit {
    fn text(&self) -> Text {
        Text {
            cookies: self.cookies.iter().map(|line| text(line)).collect(),
            headers: self.headers.iter().map(|(name, line)| (*name, text(line))).collect(),
            address: self.address.map(|address| address.to_canonical().to_string()),
        }
    }

    fn request(&self) -> Request<()> {
        let mut request = Request::new(());
        let cookies = self.cookies.iter().map(|line| ("cookie", line));
        for (name, line) in cookies.chain(self.headers.iter().map(|(name, line)| (*name, line))) {
            let value = HeaderValue::from_bytes(line).unwrap();
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        request.extensions_mut().extend(self.address.map(extension).unwrap_or_default());
        request
    }
}

fn extension(address: IpAddr) -> http::Extensions {
    let mut extensions = http::Extensions::new();
    extensions.insert(ClientIp(address));
    extensions
}

impl onebox_core::Request for Text {
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.cookies.iter().map(String::as_bytes)
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(found, _)| *found == name).map(|(_, line)| line.as_bytes())
    }

    fn client_ip(&self) -> Option<&[u8]> {
        self.address.as_deref().map(str::as_bytes)
    }
}

/// What a header value may hold: <https://www.rfc-editor.org/rfc/rfc9110#section-5.5>.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~\t]{0,40}".prop_map(String::into_bytes),
        "[а-яé☃ =;]{0,20}".prop_map(String::into_bytes),
        vec(prop_oneof![b' '..=b'~', 0x80..=0xff_u8], 0..40),
        "[a-z]{1900,2100}".prop_map(String::into_bytes),
    ]
}

fn pin() -> impl Strategy<Value = Vec<u8>> {
    let pins = |release, secret| Pins::new("pin", release, secret);
    let bucket = (0..100_000_u32).prop_map(|bucket| Bucket::new(bucket).unwrap());
    (bucket, select(vec![RELEASE, "web-2"]), select(vec![None, Some(SECRET), Some(b"sardine")]), 0..40_usize).prop_map(
        move |(bucket, release, secret, cut)| {
            let mut pin = pins(release, secret.map(Secret::new)).value(bucket).to_string().into_bytes();
            pin.truncate(if cut < 20 { cut } else { usize::MAX });
            pin
        },
    )
}

fn token() -> impl Strategy<Value = Vec<u8>> {
    let partition = select(vec![Partition::OneBox, Partition::Regular]);
    (partition, -2..=2_i64, select(vec![SECRET, b"sardine"]), 0..60_usize).prop_map(
        |(partition, after, secret, cut)| {
            let overrides = Overrides::new("force", Secret::new(secret));
            let mut token = overrides.token(partition, u64::try_from(NOON + after).unwrap()).into_bytes();
            token.truncate(if cut < 10 { cut } else { usize::MAX });
            token
        },
    )
}

fn cookies() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![line(), pin(), token()];
    let name = select(vec!["session", "session ", " pin", "pin", "force", "Session", "x", "é", ""]);
    let pair = (name, select(vec!["=", "= ", "", " ="]), value)
        .prop_map(|(name, equals, value)| [name.as_bytes(), equals.as_bytes(), &value].concat());
    vec(pair, 0..5).prop_map(|pairs| pairs.join(&b';'))
}

fn visit() -> impl Strategy<Value = Visit> {
    let name = select(vec!["user-agent", "force", "x-key", "x-req-partition"]);
    let value = prop_oneof![2 => line(), 1 => token(), 1 => Just(b"Googlebot \xe9".to_vec())];
    (vec(cookies(), 0..4), vec((name, value), 0..4), option::of(any::<IpAddr>()))
        .prop_map(|(cookies, headers, address)| Visit { cookies, headers, address })
}

fn ramp() -> impl Strategy<Value = Ramp> {
    let share =
        || select(vec![0, 1, 5_000, 50_000, 99_999, 100_000]).prop_map(|share| Share::from_thousandths(share).unwrap());
    let steps = vec(share(), 1..4).prop_map(|shares| {
        let steps =
            shares.into_iter().zip(-1..).map(|(share, at)| Step { at: Time::from_unix_seconds(NOON + at), share });
        Ramp::schedule(steps.collect()).unwrap()
    });
    prop_oneof![share().prop_map(Ramp::from), steps]
}

fn policy() -> impl Strategy<Value = Policy> {
    let entries =
        ["cookie:session", "header:user-agent", "client-ip", "client-ip/48+header:x-key", "cookie:x+cookie:session"];
    let keys = vec(select(entries.to_vec()), 0..4);
    (ramp(), keys, any::<[bool; 4]>()).prop_map(|(ramp, keys, [pins, signed, overrides, crawlers])| {
        let mut policy = Policy::new("salt", ramp, keys.iter().map(|key| key.parse().unwrap()).collect());
        if pins {
            policy = policy.with_pins(Pins::new("pin", RELEASE, signed.then(|| Secret::new(SECRET))));
        }
        if overrides {
            policy = policy.with_overrides(Overrides::new("force", Secret::new(SECRET)));
        }
        if crawlers {
            policy = policy.with_crawlers(Crawlers::new(vec!["bot".into()]));
        }
        policy
    })
}

proptest! {
    #[test]
    fn a_request_is_decided_as_core_decides_it(policy in policy(), visit in visit(), millis in -2_500..=2_500_i64) {
        let now = Time::from_unix_millis(NOON * 1000 + millis);
        let layer = OneboxLayer::new(policy.clone()).extension(true).write_pins(Duration::from_secs(60)).clock(move || now);
        let response = send(&layer, visit.request(), &HeaderMap::new());
        let told = response.body();
        let expected = policy.decide(&visit.text(), now);

        let Assignment { partition, bucket, reason } = told.extensions().get().unwrap();
        prop_assert_eq!((*partition, *bucket), (expected.partition, expected.bucket));
        prop_assert_eq!(reason.to_string(), expected.source.to_string());
        let lines: Vec<_> = told.headers().get_all("x-req-partition").iter().collect();
        prop_assert_eq!(lines, [expected.partition.as_str()]);

        let pin = match (policy.pins(), expected.bucket, expected.source) {
            (Some(pins), Some(bucket), Source::Key(_)) => Some(format!("pin={};", pins.value(bucket))),
            _ => None,
        };
        let written: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        prop_assert_eq!(written.len(), usize::from(pin.is_some()));
        prop_assert!(pin.is_none_or(|pin| written[0].as_bytes().starts_with(pin.as_bytes())));

        // Everything else arrives as it was sent.
        let mut sent = visit.request();
        sent.headers_mut().remove("x-req-partition");
        let mut arrived = told.headers().clone();
        arrived.remove("x-req-partition");
        prop_assert_eq!(&arrived, sent.headers());
    }
}
