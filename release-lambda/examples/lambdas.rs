//! Builds the functions for Lambda, packs them, and prints how large they are and how fast they start.
//!
//! ```text
//! cargo run -p onebox-release-lambda --example lambdas
//! cargo run -p onebox-release-lambda --example lambdas -- --target aarch64-unknown-linux-gnu
//! ```
//!
//! The zip files are `target/lambda/{bake,hook,tick}.zip`; `deploy/release.yaml` takes them from there. A start-up is the
//! time from the start of the process to its first response, behind a local Runtime API; functions for another machine
//! are not started. What a function needs of glibc is printed too: `provided.al2023` has 2.34.

use std::{
    env,
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

#[path = "../tests/functions/clock.rs"]
#[expect(clippy::unwrap_used, dead_code, reason = "a measurement ends where its server does")]
mod clock;
#[path = "../tests/functions/http.rs"]
#[expect(clippy::unwrap_used, reason = "a measurement ends where its server does")]
mod http;
#[path = "../tests/functions/lambda.rs"]
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "a measurement ends where its server does")]
mod lambda;

use lambda::Function;

/// The functions.
const NAMES: [&str; 3] = ["bake", "hook", "tick"];

/// The largest zip file that is accepted, in bytes.
const LARGEST: usize = 10 << 20;

/// How often each is started.
const STARTS: usize = 30;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let folder = build(&arguments)?;
    let native = arguments.is_empty();
    println!("{:<6}{:>12}{:>12}{:>8}{:>34}", "", "binary", "zip", "glibc", "start-up in ms: min median max");
    for name in NAMES {
        let binary = fs::read(folder.join(name))?;
        let packed = pack(&binary)?;
        fs::write(folder.join(name).with_extension("zip"), &packed)?;
        print!("{name:<6}{:>12}{:>12}{:>8}", binary.len(), packed.len(), glibc(&binary));
        if native {
            let times = starts(&folder.join(name), name).await?;
            print!("{:>34}", format!("{:.1} {:.1} {:.1}", times[0], times[times.len() / 2], times[times.len() - 1]));
        }
        println!();
        if packed.len() > LARGEST {
            return Err(format!("{name}.zip has {} bytes, at most {LARGEST} are accepted", packed.len()).into());
        }
    }
    println!("{}", folder.display());
    Ok(())
}

/// Builds the functions; the folder they are in.
fn build(arguments: &[String]) -> Result<PathBuf, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut line = Command::new(&cargo);
    line.args(["build", "--profile", "lambda", "-p", "onebox-release-lambda", "--bins"]).args(arguments);
    if !line.status()?.success() {
        return Err("the functions could not be built".into());
    }
    let metadata = Command::new(&cargo).args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout)?;
    let target = metadata["target_directory"].as_str().ok_or("cargo has no target directory")?;
    // Another machine's are a folder further down.
    let triple = arguments.iter().skip_while(|argument| *argument != "--target").nth(1);
    Ok(triple.map_or_else(|| PathBuf::from(target), |triple| Path::new(target).join(triple)).join("lambda"))
}

/// A zip file that Lambda runs: the same binary gives the same bytes.
fn pack(binary: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    writer.start_file("bootstrap", options)?;
    writer.write_all(binary)?;
    Ok(writer.finish()?.into_inner())
}

/// The newest glibc that a binary asks for.
fn glibc(binary: &[u8]) -> String {
    let mark = b"GLIBC_2.";
    let versions = binary.windows(mark.len() + 2).filter(|window| window.starts_with(mark)).filter_map(|window| {
        let digits: String = window[mark.len()..].iter().map(|byte| char::from(*byte)).collect();
        digits.trim_end_matches(|character: char| !character.is_ascii_digit()).parse::<u32>().ok()
    });
    versions.max().map_or_else(|| "-".to_owned(), |minor| format!("2.{minor}"))
}

/// How long it takes from a process's start to its first response, in milliseconds, ascending.
async fn starts(binary: &Path, name: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let site = http::serve(async |_| http::text(200, "{}")).await;
    let url = format!("http://{site}");
    let event = match name {
        "bake" => {
            json!({ "RequestType": "Delete", "ResponseURL": format!("{url}/answer"), "StackId": "s", "RequestId": "r" })
        }
        "hook" => json!({ "DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1" }),
        _ => json!({ "plan": {
            "release": { "id": "web-1" },
            "backend": [{ "function": "orders", "alias": "live", "target": "7" }],
        } }),
    };
    let smoke = json!([{ "url": url }]).to_string();
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begun = instant();
        let mut function = Function::start(binary, &[("AWS_ENDPOINT_URL", &url), ("SMOKE", &smoke)]).await;
        let result = function.invoke(event.clone(), Duration::from_secs(60)).await;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        result.map_err(|error| format!("{name}: {error}"))?;
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn instant() -> Instant {
    Instant::now()
}
