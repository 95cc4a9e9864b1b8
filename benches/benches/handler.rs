//! The native handlers, event in and message out, beside the same through `serde_json::Value`.

use std::{error::Error, hint::black_box};

use onebox_benches::{Bound, Race, inputs, report::report, through_value::ThroughValue};
use onebox_edge::{Config, Handler, handle};
use onebox_origin_request::OriginRequest;
use onebox_origin_response::OriginResponse;
use onebox_viewer_request::ViewerRequest;
use serde_json::Value;

const ONEBOX: &str = "onebox";
const RIVAL: &str = "through serde_json::Value";

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_json(&inputs::config()).map_err(|problems| format!("{problems:?}"))?;
    let rival = ThroughValue::new(&config);
    let viewer_request = ViewerRequest::new(&config);
    let origin_request = OriginRequest::new(&config);
    let origin_response = OriginResponse::new(&config);
    let events = [inputs::viewer_request(), inputs::origin_request(), inputs::origin_response()];
    report(&mut [
        race("viewer-request event", &viewer_request, &events[0], |event| rival.viewer_request(event))?,
        race("origin-request event", &origin_request, &events[1], |event| rival.origin_request(event))?,
        race("origin-response event", &origin_response, &events[2], |event| rival.origin_response(event))?,
    ]);
    Ok(())
}

/// Both return the same message, which is not the one that came.
fn race<'a, H: Handler>(
    name: &'static str,
    handler: &'a H,
    event: &'a str,
    rival: impl Fn(&str) -> serde_json::Result<String> + 'a,
) -> Result<Race<'a>, Box<dyn Error>> {
    let ours: Value = serde_json::from_str(&handle(handler, event).map_err(|error| error.to_string())?)?;
    let theirs: Value = serde_json::from_str(&rival(event)?)?;
    let before: Value = serde_json::from_str(event)?;
    assert_eq!(ours, theirs, "{name}");
    assert_ne!(ours, before["Records"][0]["cf"][H::TRIGGER.message()], "{name}");
    Ok(Race::new(name)
        .with(ONEBOX, move || handle(black_box(handler), black_box(event)).is_ok())
        .with(RIVAL, move || rival(black_box(event)).is_ok())
        .claim(RIVAL, ONEBOX, Bound::AtLeast(3.0)))
}
