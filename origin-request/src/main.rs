//! origin-request as a native binary. See [`onebox_edge::run`].

use std::process::ExitCode;

use onebox_origin_request::OriginRequest;

fn main() -> ExitCode {
    onebox_edge::run(OriginRequest::new)
}
