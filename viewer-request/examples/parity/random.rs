//! Random configurations and requests, realistic ones and hostile ones. A seed gives the same ones always.

use std::fmt::Write;

use fastrand::Rng;
use serde_json::Value;

use crate::{
    Question,
    settings::{Settings, Site},
    sticky::{self, Sticky},
};

/// Names of cookies, many of them parts of others.
const COOKIES: [&str; 8] = ["session", "session2", "xsession", "Session", "a", "aa", "ana", "__Host-id"];
const HEADERS: [&str; 4] = ["user-agent", "accept-language", "x-device", "x-user"];

/// A character that becomes the escape of a surrogate that stands alone.
const LONE: char = '\u{E000}';

/// A source of configurations and requests.
pub(crate) struct Random {
    rng: Rng,
    /// What the requests carry that fits the latest configuration.
    sticky: Sticky,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), sticky: Sticky::default() }
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.rng.usize(..of.len())]
    }

    /// Whether something happens that happens so many times in a hundred.
    fn percent(&mut self, chance: u8) -> bool {
        self.rng.u8(..100) < chance
    }

    /// A key chain: up to four entries, each there once.
    fn keys(&mut self) -> Value {
        let mut entries: Vec<Vec<String>> = Vec::new();
        for _ in 0..self.rng.usize(1..=4) {
            let parts = if self.percent(30) { self.rng.usize(2..=3) } else { 1 };
            let entry: Vec<_> = (0..parts).map(|_| self.part()).collect();
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        serde_json::json!(entries)
    }

    fn part(&mut self) -> String {
        match self.rng.u8(..10) {
            0..6 => format!("cookie:{}", self.one(&COOKIES)),
            6..9 => format!("header:{}", self.one(&HEADERS)),
            _ if self.rng.bool() => "client-ip".to_owned(),
            _ => format!("client-ip/{}", self.rng.u8(16..=128)),
        }
    }

    /// A configuration; the requests that come after it are its visitors'.
    pub(crate) fn configuration(&mut self) -> Site {
        let keys = self.keys();
        let salt = match self.rng.u8(..3) {
            0 => "web-2026-11-20".to_owned(),
            1 => "Größe:😀 \"1\"".to_owned(),
            _ => self.letters(1, 40),
        };
        let share = if self.percent(40) { sticky::schedule(&mut self.rng) } else { self.share().into() };
        let mut settings = Settings::new(salt, share, keys);
        self.sticky = Sticky::new(&mut self.rng, &mut settings);
        settings.site()
    }

    fn share(&mut self) -> String {
        if self.percent(30) {
            return self.one(&["0%", "0.001%", "5%", "20%", "50%", "99.999%", "100%"]).to_owned();
        }
        format!("{}.{:03}%", self.rng.u8(..100), self.rng.u16(..1000))
    }

    /// A request that any viewer may send.
    pub(crate) fn question(&mut self) -> Question {
        let mut headers = Vec::new();
        for (name, likely) in
            [("cookie", 85), ("user-agent", 90), ("accept-language", 60), ("x-device", 30), ("x-user", 30)]
        {
            if self.percent(likely) {
                headers.push(format!("{}:{}", quoted(name), self.header(name)));
            }
        }
        if self.percent(10) {
            headers.push(format!(r#""{}":[{{"value":{}}}]"#, sticky::FORCE, quoted(&self.sticky.token(&mut self.rng))));
        }
        if self.percent(5) {
            let sent = r#""x-req-partition":[{"key":"X-Req-Partition","value":"one-box"},{"value":"x"}]"#;
            headers.push(sent.to_owned());
        }
        let address = match self.rng.u8(..20) {
            0 => String::new(),
            1 => r#""clientIp":7,"#.to_owned(),
            2 => r#""clientIp":"","#.to_owned(),
            3 => format!(r#""clientIp":"::ffff:198.51.100.{}","#, self.rng.u8(..)),
            4 => {
                let pieces = ["0", "0:0", ":", ":", "::", "ffff", "DB8", "0001", "1.2.3.4", "256", "%1", "/64", "["];
                let address: String = (0..self.rng.usize(1..9)).map(|_| self.one(&pieces)).collect();
                format!(r#""clientIp":"{address}","#)
            }
            5..10 => format!(r#""clientIp":"2001:db8:{}::{:x}","#, self.one(&["0", "1:2", "a:0:b"]), self.rng.u16(..)),
            _ => format!(r#""clientIp":"198.51.{}.{}","#, self.rng.u8(..), self.rng.u8(..)),
        };
        let headers = headers.join(",");
        let event = format!(
            r#"{{"Records":[{{"cf":{{"config":{{"eventType":"viewer-request"}},"request":{{{address}"uri":"/","headers":{{{headers}}}}}}}}}]}}"#
        );
        let now = self.sticky.moment(&mut self.rng);
        Question { event: event.replace(LONE, "\\ud83d"), now, plain: None, expected: None }
    }

    /// The lines of a header in JSON; now and then in a shape that they never have.
    fn header(&mut self, name: &str) -> String {
        if self.percent(2) {
            return self
                .one(&["null", "[]", "{}", "\"session=1\"", "[null]", "[\"session=1\"]", "[{\"value\":5}]", "7"])
                .to_owned();
        }
        let lines = if self.percent(75) { 1 } else { self.rng.usize(2..=4) };
        let lines: Vec<_> = (0..lines)
            .map(|_| {
                let value = if name == "cookie" { self.cookie() } else { self.value(name == "user-agent") };
                let odd = self.percent(1);
                format!(
                    r#"{{"key":{},"value":{}}}"#,
                    quoted(name),
                    if odd { "null".to_owned() } else { quoted(&value) }
                )
            })
            .collect();
        format!("[{}]", lines.join(","))
    }

    /// A Cookie line: mostly pairs, sometimes debris.
    fn cookie(&mut self) -> String {
        let mut line = String::new();
        for at in 0..self.rng.usize(0..14) {
            if at > 0 {
                let separator = if self.percent(85) { "; " } else { self.one(&[";", ";;", " ;\t", ",", " ", "; ;"]) };
                line.push_str(separator);
            }
            if self.percent(8) {
                line.push_str(&self.sticky.cookie(&mut self.rng));
                continue;
            }
            let name = self.one(&COOKIES);
            let blank = if self.percent(95) { "" } else { self.one(&[" ", "\t", " \t ", "\u{a0}"]) };
            let value = self.value(false);
            match self.rng.u8(..100) {
                0..85 => write!(line, "{blank}{name}{blank}={blank}{value}"),
                85..88 => write!(line, "{name}"),
                88..91 => write!(line, "{name}="),
                91..93 => write!(line, "={value}"),
                93..95 => write!(line, "\"{name}\"={value}"),
                95..97 => write!(line, "{value}={name}={value}"),
                97..99 => write!(line, "{value}"),
                _ => write!(line, "x{name}y={value}"),
            }
            .unwrap_or_default();
        }
        line
    }

    fn value(&mut self, is_agent: bool) -> String {
        let agents = [
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/",
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/142.0.0.0 Приложение/",
            "微信/8.0 Darwin/",
            "Mozilla/5.0 (compatible; GoogleBOT/2.1; +http://www.google.com/bot.html) ",
        ];
        if is_agent && self.percent(80) {
            return format!("{}{}", self.one(&agents), self.rng.u16(..1000));
        }
        match self.rng.u8(..100) {
            0..50 => self.letters(1, 40),
            50..60 => format!("{:032x}", self.rng.u128(..)),
            60..65 => format!("{}==", self.letters(10, 60)),
            65..70 => format!("\"{}\"", self.letters(0, 20)),
            70..75 => format!("{}%20%3B{}", self.letters(0, 9), self.letters(0, 9)),
            75..80 => String::new(),
            80..83 => "session=inner".to_owned(),
            83..86 => " \t".to_owned(),
            86..88 => self.letters(1_500, 2_500),
            _ => self.anything(),
        }
    }

    fn letters(&mut self, least: usize, most: usize) -> String {
        (0..self.rng.usize(least..=most)).map(|_| self.rng.alphanumeric()).collect()
    }

    /// Characters from everywhere, escapes and surrogates that stand alone among them.
    fn anything(&mut self) -> String {
        let one = |random: &mut Self| match random.rng.u8(..10) {
            0..4 => random.rng.alphanumeric(),
            4 => random.rng.char('\0'..=' '),
            5 => char::from(random.one(&["\"", "\\", "/", "=", ";", ",", "\t", "%"]).as_bytes()[0]),
            6 => random.rng.char('\u{80}'..='\u{7ff}'),
            7 => random.rng.char('\u{800}'..='\u{d7ff}'),
            8 => random.rng.char('\u{10000}'..='\u{10ffff}'),
            _ => LONE,
        };
        (0..self.rng.usize(0..30)).map(|_| one(self)).collect()
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
