//! Any bytes are a packed configuration or none, and what is unpacked is packed as it was.
//!
//! Input: what `onebox package` writes to `config.bin`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onebox_edge::{Config, Handler};
use onebox_viewer_request::ViewerRequest;
use onebox_viewer_response::ViewerResponse;

fuzz_target!(|input: &[u8]| {
    let Some(config) = Config::unpack(input) else { return };
    assert_eq!(config.pack(), input, "unpacked, but not what is packed");
    // A handler starts with it, whatever a setting says: rules were kept when it was packaged.
    let _ = (ViewerRequest::new(&config).fields(), ViewerResponse::new(&config).fields());
});
