//! The local CloudFront under load: requests per second from its cache with the native handlers, and its memory.
//!
//! ```text
//! cargo bench -p onebox-benches --bench load                          1,000,000 requests over 64 connections
//! cargo bench -p onebox-benches --bench load -- --requests 5000000    or any other number
//! ```
//!
//! The local CloudFront and its origin run in a process of their own with two threads, held to two processors by
//! `taskset` where there is one; the viewers are the process that was started, on the other processors. Memory is that of
//! the first process, from Linux's `/proc`. With `--test` it is the same with a few requests and no figures.

mod edge;
mod viewers;

use std::{
    env,
    error::Error,
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};

use onebox_benches::Bound;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// What failed, for people.
type Failure = Box<dyn Error + Send + Sync>;

/// The word by which this program starts itself as the local CloudFront.
const EDGE: &str = "--local-cloudfront";
const REQUESTS: usize = 1_000_000;
const REQUESTS_IN_A_TEST: usize = 2_000;
const STEPS: usize = 10;
const START: Duration = Duration::from_secs(20);

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    if has("--list") {
        return Ok(());
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if has(EDGE) {
        // Two threads for two processors.
        return runtime.worker_threads(2).enable_all().build()?.block_on(edge::run());
    }
    let requests = arguments.iter().skip_while(|argument| *argument != "--requests").nth(1);
    // A filter is for the other benchmarks too: one that does not name this one leaves it out.
    let mut filters = arguments.iter().filter(|argument| !argument.starts_with('-') && Some(*argument) != requests);
    if filters.next().is_some_and(|filter| !"load".contains(filter.as_str())) {
        return Ok(());
    }
    let runtime = runtime.enable_all().build()?;
    if has("--bench") && !has("--test") {
        runtime.block_on(measure(requests.map_or(Ok(REQUESTS), |number| number.parse())?))
    } else {
        runtime.block_on(check())
    }
}

/// Some requests, each answered and from the cache.
async fn check() -> Result<(), Failure> {
    let (_edge, address, _) = start().await?;
    viewers::send(address, viewers::VISITORS).await?;
    let hits = viewers::send(address, REQUESTS_IN_A_TEST).await?;
    assert_eq!(hits, REQUESTS_IN_A_TEST, "once each side's page is cached, nobody waits for an origin");
    println!("Testing load\nSuccess");
    Ok(())
}

async fn measure(requests: usize) -> Result<(), Failure> {
    let (edge, address, pinned) = start().await?;
    let process = edge.id().ok_or("the local CloudFront has ended")?;
    println!("load: GET of one page from the cache, native handlers, {} connections; {pinned}", viewers::CONNECTIONS);
    viewers::send(address, viewers::VISITORS).await?;
    println!("  {:>10} requests              {:>8} KiB resident", 0, resident(process)?);

    let step = (requests / STEPS).max(1);
    let mut seconds = 0.0;
    let mut sizes = Vec::new();
    for done in 1..=STEPS {
        let start = Instant::now();
        let hits = viewers::send(address, step).await?;
        let took = start.elapsed().as_secs_f64();
        if hits != step {
            return Err(format!("{} of {step} requests were not answered from the cache", step - hits).into());
        }
        seconds += took;
        sizes.push(resident(process)?);
        let size = sizes.last().copied().unwrap_or_default();
        println!("  {:>10} requests  {:>8.0} /s {size:>8} KiB resident", step * done, step as f64 / took);
    }
    let rate = (step * STEPS) as f64 / seconds;
    let verdict = if Bound::AtLeast(5000.0).holds(rate) { "ok" } else { "MISSED" };
    println!("  {rate:.0} requests/s over {seconds:.1} s, at least 5000: {verdict}");
    let (first, last) = (sizes.first().copied().unwrap_or_default(), sizes.last().copied().unwrap_or_default());
    println!(
        "  from {first} KiB after the first step to {last} KiB after the last: {:+} KiB",
        last as i64 - first as i64
    );
    Ok(())
}

/// Starts the local CloudFront; it ends with the returned process handle. Returns its address and how it is held.
async fn start() -> Result<(Child, SocketAddr, &'static str), Failure> {
    let program = env::current_exe()?;
    let spawn = |command: &mut Command| {
        // It ends with its standard input, so also when this process is killed.
        command.arg(EDGE).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()
    };
    let pinned = spawn(Command::new("taskset").args(["-c", "0,1"]).arg(&program));
    let (mut edge, how) = match pinned {
        Ok(edge) => (edge, "local CloudFront and origin on processors 0 and 1"),
        Err(_) => {
            (spawn(&mut Command::new(&program))?, "local CloudFront and origin on 2 threads (there is no `taskset`)")
        }
    };
    let said = BufReader::new(edge.stdout.take().ok_or("no standard output")?);
    let line = timeout(START, said.lines().next_line()).await??.ok_or("the local CloudFront did not start")?;
    Ok((edge, line.parse()?, how))
}

/// The resident memory of a process in KiB: <https://docs.kernel.org/filesystems/proc.html>.
fn resident(process: u32) -> Result<u64, Failure> {
    let path = format!("/proc/{process}/status");
    let status =
        std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}; memory is read on Linux only"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
