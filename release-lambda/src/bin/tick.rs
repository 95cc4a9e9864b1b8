//! *tick* as a Lambda function. See [`onebox_release_lambda::tick`].

use std::process::ExitCode;

fn main() -> ExitCode {
    onebox_release_lambda::tick::run()
}
