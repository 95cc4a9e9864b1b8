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

/// The 1,464 plain patterns of npm's crawler-user-agents 1.60.0, all of them at Lambda@Edge, and as many as fit in a function.
#[test]
fn a_list_of_crawlers_too_long_for_a_function_is_cut_there_alone_and_the_number_is_printed() {
    let list = include_str!("../../../cff/tests/crawlers/crawler-user-agents-1.60.0.txt");
    let all: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    let keys = CONFIG.replace(
        r#"["cookie:session", ["client-ip", "header:user-agent"], "header:user-agent"]"#,
        r#"["header:user-agent"]"#,
    );
    let desk = Desk::with(&format!("{keys}[pin]\n[crawlers]\ncontains = {all:?}\n"));
    let done = desk.run(&["package"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let manifest: Value = serde_json::from_slice(&desk.read("dist/manifest.json")).unwrap();
    let held = manifest["function_crawlers"]["held"].as_u64().unwrap();
    assert!((800..1_464).contains(&held), "{held}");
    assert_eq!(manifest["function_crawlers"]["all"], 1_464);
    let warning = format!("crawlers.contains: the CloudFront Functions look for {held} of the 1464 texts");
    assert!(done.err.starts_with(&format!("warning: {warning}")), "{}", done.err);
    assert!(desk.run(&["check"]).err.contains(&warning));
    for trigger in ["viewer-request", "viewer-response"] {
        let packed = Config::unpack(&desk.read(&format!("dist/{trigger}/config.bin"))).unwrap();
        assert_eq!(packed.crawlers.contains, all);
        assert!(desk.read(&format!("dist/{trigger}.cff.js")).len() <= 10_240);
    }
    // The bundle looks for all of them, as `decide` does.
    let visits = all.iter().map(|text| format!("{}\n", json!({ "headers": { "user-agent": format!("x{text}y") } })));
    let decided = desk.run_with(&["decide"], visits.collect::<String>().as_bytes());
    assert_eq!(decided.out.matches(r#""source":"crawler"}"#).count(), all.len());
}

#[test]
fn a_function_that_cannot_be_written_is_left_out_and_the_rest_is_written() {
    let keys: Vec<_> = (0..500).map(|key| format!("\"header:x-visitor-number-{key}\"")).collect();
    let config = CONFIG.replace("keys = [", &format!("keys = [{}, ", keys.join(", ")));
    for (table, code) in [("", 0), ("[function]\n", 64), ("[function]\norigin = \"function\"\n", 64)] {
        let desk = Desk::with(&format!("{config}[pin]\n{table}"));
        let done = desk.run(&["package"]);
        assert_eq!(done.code, Some(code), "{}", done.err);
        assert!(done.err.contains("the CloudFront Function viewer-request.cff.js is not written: "), "{}", done.err);
        assert!(done.err.contains("shorten the key chain or the schedule"), "{}", done.err);
        let has = |name: &str| desk.path().join("dist").join(name).exists();
        assert!(!has("viewer-request.cff.js") && !has("viewer-response.cff.js"));
        assert!(TRIGGERS.iter().all(|trigger| has(&format!("{trigger}.zip"))) && has("node/index.mjs"));
        let manifest: Value = serde_json::from_slice(&desk.read("dist/manifest.json")).unwrap();
        let left_out: Vec<_> = manifest["left_out"].as_array().unwrap().iter().map(|each| &each["what"]).collect();
        assert_eq!(left_out, ["viewer-request.cff.js", "viewer-response.cff.js"]);
        let checked = desk.run(&["check"]);
        assert_eq!(checked.code, Some(code), "{}", checked.err);
        assert!(
            checked.err.contains("the CloudFront Function viewer-request.cff.js is not written: "),
            "{}",
            checked.err
        );
    }
}

#[test]
fn a_release_too_long_for_a_key_value_store_leaves_the_commands_out_and_the_rest_is_written() {
    let step = |hour: usize| {
        format!("{{ at = \"2026-11-{:02}T{:02}:00:00Z\", share = \"{hour}%\" }}", 20 + hour / 24, hour % 24)
    };
    let steps: Vec<_> = (1..40).map(step).collect();
    let desk = Desk::with(&ALL.replace("share = \"20%\"", &format!("share = [{}]", steps.join(", "))));
    let done = desk.run(&["package"]);
    assert_eq!(done.code, Some(64), "{}", done.err);
    assert!(done.err.contains("release.share: the commands for the KeyValueStore are not written: "), "{}", done.err);
    assert!(desk.path().join("dist/viewer-request.zip").exists());
    assert_eq!(desk.run(&["check"]).code, Some(64));
}

#[test]
fn the_commands_for_a_key_value_store_are_printed() {
    let desk = Desk::with(ALL);
    let done = desk.run(&["package"]);
    let put = "--key onebox --value '{\"release\":{\"id\":\"web-2026-11-20\",\"share\":\"20%\"}}' --if-match \"$ETAG\"";
    assert!(done.err.contains("aws cloudfront-keyvaluestore put-key") && done.err.contains(put), "{}", done.err);
    let json = desk.run(&["package", "--json"]);
    assert!(
        json.err.starts_with("dist contains secrets (pin.secret, override.secret)") && !json.err.contains("put-key"),
        "{}",
        json.err
    );
    let manifest: Value = serde_json::from_str(&json.out).unwrap();
    assert!(manifest["store_update"].as_str().is_some_and(|commands| commands.contains(put)), "{}", json.out);
}

#[test]
fn files_have_their_modes_whatever_the_mask_of_the_process() {
    use std::os::unix::fs::PermissionsExt as _;
    for mask in ["000", "022", "277", "777"] {
        let desk = Desk::with(CONFIG);
        let run = format!("umask {mask}; exec {} package", env!("CARGO_BIN_EXE_onebox"));
        let output = std::process::Command::new("sh").args(["-c", &run]).current_dir(desk.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{mask}: {output:?}");
        let mode = |path: &str| desk.path().join(path).metadata().unwrap().permissions().mode() & 0o777;
        for folder in ["dist", "dist/node", "dist/viewer-request"] {
            assert_eq!(mode(folder), 0o700, "{mask}: {folder}");
        }
        for file in ["dist/manifest.json", "dist/viewer-request.zip", "dist/node/config.bin", "dist/.gitignore"] {
            assert_eq!(mode(file), 0o600, "{mask}: {file}");
        }
    }
}
