//! *hook* as a Lambda function. See [`onebox_release_lambda::hook`].

use std::process::ExitCode;

fn main() -> ExitCode {
    onebox_release_lambda::hook::run()
}
