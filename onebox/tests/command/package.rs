use std::{collections::BTreeMap, io::Read, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use onebox_edge::Config;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{ALL, CONFIG, Desk};

const TRIGGERS: [&str; 4] = ["origin-request", "origin-response", "viewer-request", "viewer-response"];
const FILES: [&str; 4] = ["config.bin", "config.json", "handler.wasm", "index.mjs"];

const NODE: [&str; 7] =
    ["config.bin", "config.json", "handler.wasm", "index.d.ts", "index.mjs", "onebox.mjs", "package.json"];

/// Every file below a folder.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// A desk on which `dist` was packaged.
pub(crate) fn packaged() -> Desk {
    let desk = Desk::with(CONFIG);
    let done = desk.run(&["package"]);
    assert_eq!((done.code, &*done.err), (Some(0), ""));
    desk
}

#[test]
fn a_folder_and_a_zip_file_hold_the_same_for_every_function() {
    let desk = packaged();
    let files = tree(&desk.path().join("dist"));
    let mut expected = vec![".gitignore".to_owned(), "manifest.json".to_owned(), "viewer-request.cff.js".to_owned()];
    expected.extend(NODE.map(|file| format!("node/{file}")));
    for trigger in TRIGGERS {
        expected.push(format!("{trigger}.zip"));
        expected.extend(FILES.map(|file| format!("{trigger}/{file}")));
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&files[&format!("{trigger}.zip")])).unwrap();
        assert_eq!(zip.file_names().map(Result::unwrap).collect::<Vec<_>>(), FILES);
        for at in 0..zip.len() {
            let mut entry = zip.by_index(at).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            assert_eq!(content, files[&format!("{trigger}/{}", entry.name().unwrap())]);
            assert_eq!(entry.last_modified(), Some(zip::DateTime::default()));
            assert_eq!(entry.unix_mode(), Some(0o100_644));
        }
    }
    expected.sort();
    assert_eq!(files.keys().cloned().collect::<Vec<_>>(), expected);
}

#[test]
fn what_a_person_reads_is_what_the_module_reads() {
    let desk = packaged();
    desk.write("onebox.toml", ALL.as_bytes());
    assert_eq!(desk.run(&["package"]).code, Some(0));
    for folder in TRIGGERS.iter().chain(&["node"]) {
        let shown = String::from_utf8(desk.read(&format!("dist/{folder}/config.json"))).unwrap();
        let packed = desk.read(&format!("dist/{folder}/config.bin"));
        assert_eq!(Config::unpack(&packed), Some(Config::from_json(&shown).unwrap()), "{folder}");
    }
}

#[test]
fn a_zip_file_is_at_most_64_kib() {
    let desk = packaged();
    desk.write("onebox.toml", ALL.as_bytes());
    assert_eq!(desk.run(&["package"]).code, Some(0));
    for trigger in TRIGGERS {
        let size = desk.read(&format!("dist/{trigger}.zip")).len();
        assert!(size <= 64 << 10, "{trigger}.zip has {size} bytes");
    }
}

#[test]
fn the_manifest_lists_every_file_with_size_and_hash() {
    let desk = packaged();
    let mut files = tree(&desk.path().join("dist"));
    let manifest: Value = serde_json::from_slice(&files.remove("manifest.json").unwrap()).unwrap();
    assert_eq!(manifest["release"], "web-2026-11-20");
    assert_eq!(manifest["onebox"], env!("CARGO_PKG_VERSION"));
    let expected: Vec<_> = files
        .iter()
        .map(|(path, bytes)| {
            let digest = Sha256::digest(bytes);
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "path": path, "size": bytes.len(), "sha256": { "hex": hex, "base64": STANDARD.encode(digest) } })
        })
        .collect();
    assert_eq!(manifest["files"], Value::Array(expected));
    assert_eq!(desk.run(&["package", "--json"]).out.as_bytes(), desk.read("dist/manifest.json"));
}

#[test]
fn the_same_configuration_gives_the_same_bytes_anywhere() {
    let (here, there) = (packaged(), packaged());
    let first = tree(&here.path().join("dist"));
    assert_eq!(first, tree(&there.path().join("dist")));
    // Over an earlier run, and somewhere else.
    here.run(&["package"]);
    here.run(&["package", "--out", "deep/er/edge/"]);
    assert_eq!(first, tree(&here.path().join("dist")));
    assert_eq!(first, tree(&here.path().join("deep/er/edge")));
    // Nothing is left beside it.
    let beside: Vec<_> = std::fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside.len(), 3, "{beside:?}");
}

#[test]
fn another_release_replaces_the_folder() {
    let desk = packaged();
    desk.write("onebox.toml", CONFIG.replace("web-2026-11-20", "web-2").as_bytes());
    assert_eq!(desk.run(&["package"]).code, Some(0));
    let config: Value = serde_json::from_slice(&desk.read("dist/viewer-request/config.json")).unwrap();
    assert_eq!(config["release"]["id"], "web-2");
    let packed = Config::unpack(&desk.read("dist/viewer-request/config.bin")).unwrap();
    assert_eq!(packed.release.id, "web-2");
}

#[test]
fn what_package_did_not_write_is_left_alone() {
    for foreign in ["notes.txt", "viewer-request/extra.js", "viewer-request/index.mjs", "manifest.json"] {
        let desk = packaged();
        desk.write(&format!("dist/{foreign}"), b"mine");
        let before = tree(desk.path());
        let done = desk.run(&["package"]);
        assert_eq!((done.code, &*done.out), (Some(64), ""), "{foreign}");
        assert!(done.err.starts_with("error: dist holds what `onebox package` did not write: "), "{}", done.err);
        // Without its manifest everything is foreign.
        assert!(foreign == "manifest.json" || done.err.contains(foreign), "{}", done.err);
        assert_eq!(tree(desk.path()), before);
    }
    let desk = Desk::with(CONFIG);
    desk.write("dist", b"a file");
    assert_eq!(desk.run(&["package"]).code, Some(64));
    assert_eq!(desk.run(&["package", "--out", "."]).code, Some(64));
    assert_eq!(desk.run(&["package", "--out", "/"]).code, Some(64));
    assert_eq!(desk.read("dist"), b"a file");
}

#[test]
fn a_run_that_fails_leaves_the_folder_as_it_was() {
    let desk = packaged();
    let before = tree(&desk.path().join("dist"));
    desk.write("onebox.toml", b"");
    assert_eq!(desk.run(&["package"]).code, Some(64));
    assert_eq!(tree(&desk.path().join("dist")), before);
}

#[test]
fn an_empty_folder_and_a_link_to_a_folder_are_places_to_write_to() {
    let desk = Desk::with(CONFIG);
    std::fs::create_dir_all(desk.path().join("real")).unwrap();
    std::os::unix::fs::symlink("real", desk.path().join("dist")).unwrap();
    assert_eq!(desk.run(&["package"]).code, Some(0));
    assert_eq!(tree(&desk.path().join("real")).len(), 30);
    assert!(desk.path().join("dist").is_symlink());
}

#[test]
fn the_functions_for_cloudfront_are_there_where_they_have_something_to_do() {
    let desk = packaged();
    let has = |name: &str| desk.path().join("dist").join(name).exists();
    assert!(has("viewer-request.cff.js") && !has("viewer-response.cff.js"));
    desk.write("onebox.toml", ALL.as_bytes());
    let table = desk.run(&["package"]).out;
    for name in ["viewer-request.cff.js", "viewer-response.cff.js"] {
        let code = String::from_utf8(desk.read(&format!("dist/{name}"))).unwrap();
        assert!(code.contains("function handler(") && code.len() <= 10_240, "{name} has {} bytes", code.len());
        assert!(table.contains(&format!("  {name:<29} {:>7}  ", code.len())), "{table}");
    }
}

#[test]
fn a_function_that_cloudfront_would_refuse_is_not_written() {
    let words: Vec<_> = (0..2_000).map(|word| format!("\"crawler-{word}\"")).collect();
    let desk = Desk::with(&format!("{CONFIG}[crawlers]\ncontains = [{}]\n", words.join(", ")));
    let done = desk.run(&["package"]);
    assert_eq!((done.code, &*done.out), (Some(64), ""));
    assert!(
        done.err.starts_with("error: a CloudFront Function cannot be written: viewer-request has "),
        "{}",
        done.err
    );
    assert!(!desk.path().join("dist").exists());
}

#[test]
fn the_commands_for_a_key_value_store_are_printed() {
    let desk = Desk::with(ALL);
    let done = desk.run(&["package"]);
    let put = "--key onebox --value '{\"release\":{\"id\":\"web-2026-11-20\",\"share\":\"20%\"}}' --if-match \"$ETAG\"";
    assert!(done.err.contains("aws cloudfront-keyvaluestore put-key") && done.err.contains(put), "{}", done.err);
    let json = desk.run(&["package", "--json"]);
    assert_eq!(json.err, "");
    let manifest: Value = serde_json::from_str(&json.out).unwrap();
    assert!(manifest["store_update"].as_str().is_some_and(|commands| commands.contains(put)), "{}", json.out);
}
