//! Prints the functions of a packaged configuration: `cargo run -p onebox-cff --example print config.json`.

fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let functions = onebox_cff::functions(&onebox_edge::Config::from_json(&text).unwrap());
    match functions { Ok(f) => println!("{}\n// {}\n{}\n", f.viewer_request, f.viewer_request.len(), f.viewer_response.unwrap_or_default()), Err(e) => println!("{e}") }
}
