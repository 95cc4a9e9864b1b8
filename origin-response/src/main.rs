//! origin-response as a native binary. See [`onebox_edge::run`].

use std::process::ExitCode;

use onebox_origin_response::OriginResponse;

fn main() -> ExitCode {
    onebox_edge::run(OriginResponse::new)
}
