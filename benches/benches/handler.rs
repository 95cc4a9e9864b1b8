//! The native handlers, event in and message out, beside the same through `serde_json::Value`.

use std::{error::Error, hint::black_box};

use onebox_benches::{
    Bound, Race,
    inputs::{self, NOW, PIN},
    report::report,
    through_value::ThroughValue,
};
use onebox_edge::{Config, Handler, handle};
use onebox_origin_request::OriginRequest;
use onebox_origin_response::OriginResponse;
use onebox_viewer_request::ViewerRequest;
use onebox_viewer_response::ViewerResponse;
use serde_json::Value;

const ONEBOX: &str = "onebox";
const RIVAL: &str = "through serde_json::Value";
/// Whether a handler changes the message.
const CHANGED: bool = true;
const LEFT: bool = false;

fn main() -> Result<(), Box<dyn Error>> {
    let read = |json: String| Config::from_json(&json).map_err(|problems| format!("{problems:?}"));
    let (config, pinning) = (read(inputs::config())?, read(inputs::config_with_pins())?);
    let rival = ThroughValue::new(&config);
    let pinning_rival = ThroughValue::new(&pinning);
    let viewer_request = ViewerRequest::new(&config);
    let origin_request = OriginRequest::new(&config);
    let origin_response = OriginResponse::new(&config);
    let viewer_response = ViewerResponse::new(&pinning);
    let events = [inputs::viewer_request(), inputs::origin_request(), inputs::origin_response()];
    let responses = [inputs::cookie(), inputs::cookie_with_pin(PIN)].map(|cookie| inputs::viewer_response(&cookie));
    let pin = |event: &str| pinning_rival.viewer_response(event, NOW);
    report(&mut [
        race("viewer-request event", &viewer_request, &events[0], CHANGED, |event| rival.viewer_request(event, NOW))?,
        race("origin-request event", &origin_request, &events[1], CHANGED, |event| rival.origin_request(event))?,
        race("origin-response event", &origin_response, &events[2], CHANGED, |event| rival.origin_response(event))?,
        race("viewer-response event of a new visitor", &viewer_response, &responses[0], CHANGED, pin)?,
        race("viewer-response event of a visitor with a pin", &viewer_response, &responses[1], LEFT, pin)?,
    ]);
    Ok(())
}

/// Both return the same message: the one that came, or another.
fn race<'a, H: Handler>(
    name: &'static str,
    handler: &'a H,
    event: &'a str,
    changed: bool,
    rival: impl Fn(&str) -> serde_json::Result<String> + 'a,
) -> Result<Race<'a>, Box<dyn Error>> {
    let ours: Value = serde_json::from_str(&handle(handler, event, NOW).map_err(|error| error.to_string())?)?;
    let theirs: Value = serde_json::from_str(&rival(event)?)?;
    let before: Value = serde_json::from_str(event)?;
    assert_eq!(ours, theirs, "{name}");
    assert_eq!(ours != before["Records"][0]["cf"][H::TRIGGER.message()], changed, "{name}");
    Ok(Race::new(name)
        .with(ONEBOX, move || handle(black_box(handler), black_box(event), black_box(NOW)).is_ok())
        .with(RIVAL, move || rival(black_box(event)).is_ok())
        .claim(RIVAL, ONEBOX, Bound::AtLeast(3.0)))
}
