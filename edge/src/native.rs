//! A handler as a native binary: on `lambda_runtime`, or over lines of JSON.

use std::{
    env,
    io::{self, BufRead, Write},
    path::PathBuf,
    process::ExitCode,
};

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;

use crate::{config::Config, handler::Handler, serve::serve};

/// The packaged configuration's name.
const CONFIG: &str = "config.json";

/// Runs a handler until there is no more to do; the whole of a handler's `main`.
///
/// The configuration is the file named by the only argument, or `config.json` beside the binary. Inside Lambda (where
/// `AWS_LAMBDA_RUNTIME_API` is set) it serves invocations; anywhere else it reads events from standard input, one JSON
/// text a line, and writes one message a line.
///
/// Exit codes: 0 done, 2 the runtime or a pipe broke, 64 bad usage or configuration.
pub fn run<H: Handler + Send + Sync + 'static>(new: fn(&Config) -> H) -> ExitCode {
    let handler = match configuration() {
        Ok(config) => new(&config),
        Err(why) => {
            eprintln!("onebox: {}: {why}", H::TRIGGER);
            return ExitCode::from(64);
        }
    };
    let done = if env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() { invocations(handler) } else { lines(&handler) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onebox: {}: {error}", H::TRIGGER);
            ExitCode::from(2)
        }
    }
}

fn configuration() -> Result<Config, String> {
    let path = match (env::args_os().nth(1), env::args_os().nth(2)) {
        (Some(path), None) if !path.to_string_lossy().starts_with('-') => PathBuf::from(path),
        (None, _) => env::current_exe().map_err(|error| error.to_string())?.with_file_name(CONFIG),
        _ => return Err(format!("expected at most one argument, the path of a packaged {CONFIG}")),
    };
    let shown = path.display();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("{shown}: {error}; name a {CONFIG} that `onebox package` wrote"))?;
    Config::from_json(&text).map_err(|problems| {
        let list: Vec<_> = problems.iter().map(ToString::to_string).collect();
        format!("{shown}: {}", list.join("; "))
    })
}

fn invocations<H: Handler + Send + Sync + 'static>(handler: H) -> Result<(), lambda_runtime::Error> {
    let handler = &handler;
    let serve_one = |event: LambdaEvent<Box<RawValue>>| async move {
        RawValue::from_string(serve(handler, event.payload.get())).map_err(lambda_runtime::Error::from)
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(lambda_runtime::run(service_fn(serve_one)))
}

fn lines<H: Handler>(handler: &H) -> Result<(), lambda_runtime::Error> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        writeln!(out, "{}", serve(handler, &line))?;
    }
    Ok(out.flush()?)
}
