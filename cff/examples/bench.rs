//! How long a finished viewer-request function takes in njs, beside SHA-256 of the same bytes there:
//! `cargo run -p onebox-cff --example bench`.

use std::{error::Error, fs, path::Path, process::Command};

use onebox_edge::Config;

/// A visitor's session or else the User-Agent, with a share that goes by the clock.
const CONFIG: &str = r#"{
    "release": { "id": "web-2026-11-20", "share": [{ "at": "2026-11-20T12:00:00Z", "share": "5%" }] },
    "partition": { "keys": ["cookie:session", "header:user-agent"] },
    "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } }
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_json(CONFIG).map_err(|problems| problems[0].to_string())?;
    let function = onebox_cff::functions(&config)?.viewer_request;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("function.js"), format!("{function}\nexport default handler;\n"))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bench.js");
    let status = Command::new("njs").arg("-p").arg(folder.path()).arg(script).status();
    let status = status.map_err(|error| format!("njs does not start ({error}): `apt-get install njs` has it"))?;
    if status.success() { Ok(()) } else { Err("njs failed".into()) }
}
