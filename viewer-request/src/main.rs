//! viewer-request as a native binary. See [`onebox_edge::run`].

use std::process::ExitCode;

use onebox_viewer_request::ViewerRequest;

fn main() -> ExitCode {
    onebox_edge::run(ViewerRequest::new)
}
