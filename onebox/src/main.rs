//! The command `onebox`.

use std::process::ExitCode;

fn main() -> ExitCode {
    onebox::run(std::env::args_os())
}
