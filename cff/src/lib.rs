//! The viewer functions as CloudFront Functions.
//!
//! A CloudFront Function costs a sixth of a Lambda@Edge function and starts with every request, but it is JavaScript of a
//! restricted kind in at most 10 KB, and there is no WebAssembly
//! (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-function-restrictions.html>). So this
//! crate holds the decision a second time, as JavaScript, with the configuration baked in as constants: what a
//! configuration does not use is not in the function. The answers are those of [`onebox_core::Policy::decide`], bit for
//! bit; the tests ask both in njs, from which CloudFront's engine descends, and in Node.js.
//!
//! A behaviour of a distribution has either these functions or the Lambda@Edge handlers at its viewer events, not both;
//! origin-request and origin-response stay Lambda@Edge
//! (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>). With
//! `function.origin = "function"` the function moves the request as well and neither is needed; then nothing adds to
//! `Vary`, and the origin that CloudFront has chosen is not looked at: in an origin group only the first try is moved
//! (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>).
//! The partition header has to be in the cache policy in either case.
//!
//! CloudFront does not read a function's syntax before it is live, and a function that does not parse answers every
//! request with a 503. Therefore [`functions`] refuses what is not on the list of
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html>.
//!
//! With `function.store` a function asks a KeyValueStore for the release first, so that a share changes without a new
//! function: one key holds `{"release":{"id":"web-2","share":"5%"}}`, with a share as in the configuration, a schedule
//! included. [`store_update`] writes it. Without an own `partition.salt` the line is drawn by the id that is found. Where
//! the store fails, or the value is not exactly that, the packaged release counts and a line in the log says why.
//!
//! CloudFront does not run viewer-response where the origin answers with an error, 400 or above: such a visitor is pinned
//! by the next page.
//!
//! Where the function moves requests, it also removes the override's token, which otherwise origin-request does: no origin
//! gets it. Whether viewer-response then sees the viewer's request, with the token, or the changed one, is not documented;
//! so the changed one has a header, `X-Req-Partition-Forced`, and either of the two keeps a forced visitor from being pinned.
//!
//! Not documented by AWS, and not relied on: whether viewer-response sees what viewer-request has written, how long a KeyValueStore needs to tell all locations, how long a function may run, and
//! how text that is not UTF-8 reaches a function.
//!
//! ```
//! use onebox_edge::Config;
//! let config = Config::from_json(r#"{ "release": { "id": "web-1", "share": "5%" }, "pin": {},
//!     "partition": { "keys": ["cookie:session", "header:user-agent"] },
//!     "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } } }"#).unwrap();
//! let functions = onebox_cff::functions(&config)?;
//! assert!(functions.viewer_request.contains("function handler("));
//! assert!(functions.viewer_response.is_some());
//! # Ok::<(), onebox_cff::Refused>(())
//! ```
#![forbid(unsafe_code)]

mod bake;
mod check;
mod minify;
mod refused;
mod store;
mod words;

use std::fmt;

use onebox_edge::Config;

pub use self::{check::check, refused::Refused, store::store_update};

/// The most bytes that a function may have, 10 KB:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html>.
pub const MAX_BYTES: usize = 10_240;

/// The finished functions, for the runtime `cloudfront-js-2.0`.
#[derive(Clone, PartialEq, Eq)]
pub struct Functions {
    /// The function of the event viewer-request.
    pub viewer_request: String,
    /// The function of the event viewer-response, if visitors are pinned.
    pub viewer_response: Option<String>,
    /// How many of the crawlers' texts they look for.
    pub crawlers: Fit,
}

/// How much of a list there is room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// How many are in.
    pub held: usize,
    /// How many there are.
    pub all: usize,
}

impl fmt::Debug for Functions {
    /// Their sizes alone: secrets are in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions")
            .field("viewer_request", &self.viewer_request.len())
            .field("viewer_response", &self.viewer_response.as_ref().map(String::len))
            .field("crawlers", &self.crawlers)
            .finish()
    }
}

/// The functions of a configuration. Its secrets are in them: a function has no other place for them.
///
/// Where there is no room for all texts of `crawlers.contains`, both functions look for the same ones, as many as there is
/// room for: the shortest. [`Functions::crawlers`] says how many; what is left out is a visitor to them.
///
/// # Errors
/// [`Refused`] if CloudFront would not run a function: it is too large without any crawler, or not of the JavaScript that
/// CloudFront knows.
pub fn functions(config: &Config) -> Result<Functions, Refused> {
    let crawlers = words::fewest(&config.crawlers.contains);
    // Every text has at least one byte of its own in the regular expression: no more than so many can fit.
    let most = crawlers.len().min(MAX_BYTES);
    let counted = |functions, held| Functions { crawlers: fit(config, held), ..functions };
    let whole = if most == crawlers.len() { Some(made(config, &crawlers)) } else { None };
    let mut made = match whole {
        Some(Err(Refused::TooLarge { .. })) if !crawlers.is_empty() => made(config, &[])?,
        None => made(config, &[])?,
        Some(whole) => return whole.map(|functions| counted(functions, &crawlers)),
    };
    // With these it fits, with those it does not.
    let (mut held, mut too_many) = (0, most);
    while held + 1 < too_many {
        let between = held.midpoint(too_many);
        match self::made(config, &crawlers[..between]) {
            Ok(functions) => (made, held) = (functions, between),
            Err(Refused::TooLarge { .. }) => too_many = between,
            Err(refused) => return Err(refused),
        }
    }
    Ok(counted(made, &crawlers[..held]))
}

/// How many of the configuration's texts are found by looking for these: a text that holds one of them is found with it.
fn fit(config: &Config, crawlers: &[String]) -> Fit {
    let all = config.crawlers.contains.iter().filter(|text| !text.is_empty());
    Fit { held: words::found(&config.crawlers.contains, crawlers), all: all.count() }
}

/// The functions that look for these texts of crawlers, before they are counted.
fn made(config: &Config, crawlers: &[String]) -> Result<Functions, Refused> {
    let viewer_response =
        config.pin.as_ref().map(|_| finished("viewer-response", &bake::viewer_response(config, crawlers)));
    Ok(Functions {
        viewer_request: finished("viewer-request", &bake::viewer_request(config, crawlers))?,
        viewer_response: viewer_response.transpose()?,
        crawlers: Fit::default(),
    })
}

fn finished(function: &'static str, source: &str) -> Result<String, Refused> {
    let code = minify::minify(source)?;
    check(&code)?;
    match code.len() {
        0..=MAX_BYTES => Ok(code),
        bytes => Err(Refused::TooLarge { function, bytes }),
    }
}
