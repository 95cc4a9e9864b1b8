//! Writes the functions of a packaged configuration into a folder:
//! `cargo run -p onebox-cff --example write -- config.json FOLDER`.

use std::{env, error::Error, fs, path::Path};

use onebox_edge::Config;

fn main() -> Result<(), Box<dyn Error>> {
    let [config, folder] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("expected config.json and a folder".into());
    };
    let config = Config::from_json(&fs::read_to_string(config)?);
    let config = config.map_err(|problems| problems.iter().map(|each| format!("{each}\n")).collect::<String>())?;
    let functions = onebox_cff::functions(&config)?;
    fs::create_dir_all(folder)?;
    for (name, code) in
        [("viewer-request", Some(&functions.viewer_request)), ("viewer-response", functions.viewer_response.as_ref())]
    {
        if let Some(code) = code {
            fs::write(Path::new(folder).join(format!("{name}.cff.js")), code)?;
            println!("{name}.cff.js: {} bytes", code.len());
        }
    }
    Ok(())
}
