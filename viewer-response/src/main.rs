//! viewer-response as a native binary. See [`onebox_edge::run`].

use std::process::ExitCode;

use onebox_viewer_response::ViewerResponse;

fn main() -> ExitCode {
    onebox_edge::run(ViewerResponse::new)
}
