//! *bake* as a Lambda function. See [`onebox_release_lambda::bake`].

use std::process::ExitCode;

fn main() -> ExitCode {
    onebox_release_lambda::bake::run()
}
