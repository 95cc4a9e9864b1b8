//! The shell of a Lambda@Edge handler.
//!
//! A handler reads a few fields of an event and [answers](Handler::answer); an answer stands for a list of
//! [edits](Edit), which are data. This crate does the rest: it finds the fields in the event, applies the edits and
//! lets everything else pass as it came, natively on `lambda_runtime` and as WebAssembly under Node.js.
//!
//! Lambda@Edge itself runs only Node.js and Python
//! (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html>):
//! there the same handler is the `.wasm` file inside a Node.js function.

mod config;
mod edit;
mod event;
mod handler;

#[cfg(not(target_family = "wasm"))]
mod cookies;
#[cfg(not(target_family = "wasm"))]
mod json;
#[cfg(not(target_family = "wasm"))]
mod message;
#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(not(target_family = "wasm"))]
mod reserved;
#[cfg(not(target_family = "wasm"))]
mod serve;
#[cfg(not(target_family = "wasm"))]
mod settings;

#[cfg(target_family = "wasm")]
pub mod wasm;

pub use config::{
    Config, CrawlerTexts, DEFAULT_HEADER, DEFAULT_MAX_AGE, DEFAULT_OVERRIDE, DEFAULT_PIN, DEFAULT_STORE_KEY, Debug,
    Function, Moves, Origins, Override, Partitioning, Pin, Release, SecretText, Store,
};
pub use edit::{Edit, OriginValue};
pub use event::{Event, Field, Visit, incoming};
pub use handler::{Answer, Handler, Trigger};

#[cfg(not(target_family = "wasm"))]
pub use self::{
    config::{Problem, forced_header},
    json::text as json_text,
    message::{EventError, NativeEvent},
    native::run,
    serve::{handle, serve, serve_at},
    settings::{Settings, Value},
};
