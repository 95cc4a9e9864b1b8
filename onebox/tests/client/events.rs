//! Random events of every trigger, right ones and malformed ones. A seed gives the same ones always.

use fastrand::Rng;
use onebox_core::{Bucket, Partition};
use onebox_edge::{Config, Trigger};
use serde_json::{Map, Value, json};

/// A character that becomes the escape of a surrogate that stands alone.
const LONE: char = '\u{E000}';

/// 2100: a token that expires then is valid today, and one of 1970 is not.
const EXPIRY: u64 = 4_102_444_800;

/// A source of events for one configuration.
pub(crate) struct Events<'a> {
    pub(crate) rng: Rng,
    pub(crate) config: &'a Config,
}

impl Events<'_> {
    /// An event of a trigger as JSON: of three in ten something is changed, and one in ten is of another trigger.
    pub(crate) fn event(&mut self, trigger: Trigger) -> String {
        let at = if self.percent(10) { self.one(&Trigger::ALL) } else { trigger };
        let mut event = self.well_formed(at);
        if self.percent(30) {
            for _ in 0..self.rng.usize(1..=2) {
                self.damage(&mut event, 0);
            }
        }
        event.to_string().replace(LONE, "\\ud83d")
    }

    fn well_formed(&mut self, trigger: Trigger) -> Value {
        let viewers = matches!(trigger, Trigger::ViewerRequest | Trigger::ViewerResponse);
        let mut cf = json!({
            "config": { "distributionDomainName": "d2abc.cloudfront.net", "distributionId": "E1", "requestId": "r==" },
            "request": if viewers { self.viewers_request() } else { self.origin_request() },
        });
        if self.percent(95) {
            cf["config"]["eventType"] = json!(trigger.as_str());
        }
        if trigger.message() == "response" {
            cf["response"] = self.response();
        }
        json!({ "Records": [{ "cf": cf }] })
    }

    fn viewers_request(&mut self) -> Value {
        let mut headers = vec![("Host", vec!["shop.example.org".to_owned()])];
        if self.percent(85) {
            let lines = self.rng.usize(1..=2);
            headers.push(("Cookie", (0..lines).map(|_| self.cookie()).collect()));
        }
        if self.percent(85) {
            let agent = format!("{}{}", self.one(&["Firefox/", "GoogleBOT/", "Приложение/"]), self.rng.u8(..));
            headers.push(("User-Agent", vec![agent]));
        }
        for (name, likely) in [("X-Req-Partition", 10), ("onebox-force", 10), ("__proto__", 2), ("constructor", 2)] {
            if self.percent(likely) {
                let value = if name == "onebox-force" { self.token() } else { "one-box".to_owned() };
                headers.push((name, vec![value]));
            }
        }
        let address = if self.rng.bool() { "198.51.100." } else { "2001:db8::" };
        json!({
            "clientIp": format!("{address}{}", self.rng.u8(..)), "method": "GET", "querystring": "size=large",
            "uri": "/shop", "headers": lines(headers),
        })
    }

    fn origin_request(&mut self) -> Value {
        let domain = self.one(&["reg.example.org", "REG.example.org", "box.example.org", "other.example.org"]);
        let mut headers = vec![("Host", vec![domain.to_owned()]), ("User-Agent", vec!["Amazon CloudFront".to_owned()])];
        if self.percent(90) {
            let partition = self.one(&["one-box", "one-box", "regular", "One-Box", ""]);
            headers.push(("X-Req-Partition", vec![partition.to_owned()]));
        }
        let fields = json!({
            "customHeaders": {}, "domainName": domain, "path": self.one(&["", "", "/v1"]), "port": self.one(&[443, 8443]),
            "protocol": "https", "keepaliveTimeout": 5, "readTimeout": 30, "sslProtocols": ["TLSv1.2"],
        });
        let s3 = json!({
            "customHeaders": {}, "domainName": domain, "path": "", "region": "", "readTimeout": 30,
            "authMethod": self.one(&["none", "origin-access-identity"]),
        });
        let origin = if self.percent(92) { json!({ "custom": fields }) } else { json!({ "s3": s3 }) };
        json!({
            "clientIp": "198.51.100.7", "method": "GET", "querystring": "", "uri": "/shop", "headers": lines(headers),
            "origin": origin,
        })
    }

    fn response(&mut self) -> Value {
        let mut headers = vec![("Content-Type", vec!["text/html".to_owned()])];
        if self.percent(60) {
            let vary = self.one(&["Accept-Encoding", "*", "accept, x-req-partition", "", ",", "Cookie"]);
            headers.push(("Vary", vec![vary.to_owned(); self.rng.usize(1..=2)]));
        }
        if self.percent(30) {
            headers.push(("Set-Cookie", vec!["a=1; Path=/".to_owned(), "b=2".to_owned()]));
        }
        json!({ "status": "200", "statusDescription": "OK", "headers": lines(headers) })
    }

    fn cookie(&mut self) -> String {
        let pairs = (0..self.rng.usize(0..8)).map(|_| match self.rng.u8(..10) {
            0..5 => format!("{}={}", self.one(&["session", "session", "theme", "_ga", "a"]), self.text()),
            5 => format!("onebox-force={}", self.token()),
            6 | 7 => {
                let bucket = Bucket::new(self.rng.u32(..100_000)).unwrap();
                let pin = self.config.policy().pins().map(|pins| pins.value(bucket).to_string());
                format!("__Host-onebox={}{}", pin.unwrap_or_default(), self.one(&["", "", "0"]))
            }
            _ => self.text(),
        });
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn token(&mut self) -> String {
        let policy = self.config.policy();
        let side = if self.rng.bool() { Partition::OneBox } else { Partition::Regular };
        let expiry = if self.percent(80) { EXPIRY } else { 1 };
        policy.overrides().map_or_else(String::new, |overrides| overrides.token(side, expiry))
            + self.one(&["", "", "", "x"])
    }

    fn text(&mut self) -> String {
        let letter = |rng: &mut Rng| match rng.u8(..20) {
            0 => LONE,
            1 => rng.char('\0'..=' '),
            2 => rng.char('\u{80}'..='\u{d7ff}'),
            3 => rng.char('\u{10000}'..='\u{10ffff}'),
            4 => ['"', '\\', '=', ';', '\u{2028}'][rng.usize(..5)],
            _ => rng.alphanumeric(),
        };
        (0..self.rng.usize(..40)).map(|_| letter(&mut self.rng)).collect()
    }

    /// Replaces, removes or adds something, the deeper the likelier.
    fn damage(&mut self, value: &mut Value, depth: u8) {
        let goes_on = depth < 3 || self.percent(70);
        match value {
            Value::Object(members) if goes_on && !members.is_empty() => {
                let name = members.keys().nth(self.rng.usize(..members.len())).cloned().unwrap();
                if depth > 2 && self.percent(15) {
                    members.remove(&name);
                } else if depth > 2 && self.percent(5) {
                    let other = self.anything();
                    members.insert(
                        self.one(&["response", "request", "headers", "unknown", "eventType"]).to_owned(),
                        other,
                    );
                } else if let Some(inner) = members.get_mut(&name) {
                    self.damage(inner, depth + 1);
                }
            }
            Value::Array(items) if goes_on && !items.is_empty() => {
                let at = self.rng.usize(..items.len());
                self.damage(&mut items[at], depth + 1);
            }
            _ => *value = self.anything(),
        }
    }

    fn anything(&mut self) -> Value {
        match self.rng.u8(..12) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(self.rng.i32(..)),
            3 => json!(1.5),
            4 => json!([]),
            5 => json!({}),
            6 => json!([null]),
            7 => json!([{ "key": "Vary", "value": 7 }]),
            8 => json!({ "headers": {} }),
            9 => json!(self.one(&["viewer-request", "origin-request", "origin-response", "viewer-response"])),
            10 => json!([{ "value": self.text() }]),
            _ => json!(self.text()),
        }
    }

    fn percent(&mut self, chance: u8) -> bool {
        self.rng.u8(..100) < chance
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }
}

/// Headers as an event has them.
fn lines(headers: Vec<(&str, Vec<String>)>) -> Value {
    let line = |key: &str, value: &String| json!({ "key": key, "value": value });
    let list = headers.iter().map(|(key, values)| {
        (key.to_ascii_lowercase(), values.iter().map(|value| line(key, value)).collect::<Value>())
    });
    Value::Object(list.collect::<Map<_, _>>())
}
