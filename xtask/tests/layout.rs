//! The layout of the project: who may depend on whom, and what every file keeps to.
//!
//! A new package is one more line in `ARROWS`; a new arrow is one more name in its line.

// Marked as tests, so that clippy lets them unwrap.
#[cfg(test)]
mod layout {
    pub(crate) mod files;
    pub(crate) mod packages;
}

use std::{collections::BTreeSet, fs, path::Path};

use layout::{
    files::{files, mentions, root},
    packages::{Packages, crates_io},
};

/// Every package, and the packages of this workspace that it may use. `onebox` and what measures or watches may use all.
const ARROWS: &[(&str, &[&str])] = &[
    ("onebox-core", &[]),
    ("onebox-edge", &["onebox-core"]),
    ("onebox-viewer-request", &["onebox-core", "onebox-edge"]),
    ("onebox-origin-request", &["onebox-core", "onebox-edge"]),
    ("onebox-origin-response", &["onebox-core", "onebox-edge"]),
    ("onebox-viewer-response", &["onebox-core", "onebox-edge"]),
    ("onebox-cff", &["onebox-core", "onebox-edge"]),
    ("onebox-config", &["onebox-edge"]),
    ("onebox-tower", &["onebox-core"]),
    ("onebox-release", &[]),
    ("onebox-driver", &["onebox-release"]),
    ("onebox-aws", &["onebox-driver", "onebox-release"]),
    ("onebox-release-lambda", &["onebox-release", "onebox-aws"]),
    ("onebox-terminal", &["onebox-core"]),
    // Neither AWS's SDK nor the JavaScript minifier: it is what a stranger builds first.
    (
        "onebox-demo",
        &["onebox-core", "onebox-edge", "onebox-driver", "onebox-release", "onebox-sim", "onebox-terminal"],
    ),
    // It runs whatever function it is given: what writes CloudFront Functions is none of its business.
    (
        "onebox-sim",
        &[
            "onebox-core",
            "onebox-edge",
            "onebox-viewer-request",
            "onebox-origin-request",
            "onebox-origin-response",
            "onebox-viewer-response",
            "onebox-release",
        ],
    ),
    ("onebox", ALL),
    ("onebox-benches", ALL),
    ("xtask", &[]),
];

/// Stands for every package.
const ALL: &[&str] = &["*"];

/// Every package that is pure, with everything from outside that it reaches, at any distance.
const PURE: &[(&str, &[&str])] = &[
    (
        "onebox-core",
        &[
            // The scan of header text.
            "memchr",
            // The tags of pins and tokens; of libc only the question whether an arm64 processor has instructions for SHA-2.
            "block-buffer",
            "cfg-if",
            "cmov",
            "cpufeatures",
            "crypto-common",
            "ctutils",
            "digest",
            "hmac",
            "hybrid-array",
            "libc",
            "sha2",
            "subtle",
            "typenum",
        ],
    ),
    (
        "onebox-release",
        &[
            // Times and spans, without a clock.
            "jiff",
            "jiff-core",
            "jiff-static",
            "portable-atomic",
            "portable-atomic-util",
            // Plans, states and journals as values.
            "itoa",
            "memchr",
            "proc-macro2",
            "quote",
            "serde",
            "serde_core",
            "serde_derive",
            "serde_json",
            "syn",
            "unicode-ident",
            "zmij",
            // The hash in an alias's name; of libc as above.
            "block-buffer",
            "cfg-if",
            "cpufeatures",
            "crypto-common",
            "digest",
            "hybrid-array",
            "libc",
            "sha2",
            "typenum",
            // The word that was meant.
            "strsim",
        ],
    ),
];

/// The packages that compile without std, alone and with what they depend on.
const NO_STD: &[&str] = &["onebox-core"];

/// The longest that a source may be, in lines.
const LONGEST: usize = 500;

#[test]
fn every_package_depends_only_on_those_its_line_allows() {
    let packages = Packages::read();
    for name in packages.names() {
        let line = ARROWS.iter().find(|(package, _)| *package == name);
        let (_, allowed) = line.unwrap_or_else(|| panic!("{name} has no line in ARROWS: say what it may depend on"));
        for used in packages.uses(&name) {
            assert!(
                *allowed == ALL || allowed.contains(&used.as_str()),
                "{name} depends on {used}, which its line in ARROWS does not allow"
            );
        }
    }
}

#[test]
fn every_line_of_the_tables_names_a_package_that_exists() {
    let names = Packages::read().names();
    let lines = ARROWS.iter().flat_map(|(name, allowed)| [name].into_iter().chain(allowed.iter()));
    let lines = lines.chain(PURE.iter().map(|(name, _)| name)).chain(NO_STD).filter(|name| **name != "*");
    for name in lines {
        assert!(names.contains(*name), "{name} is no package of the workspace: remove it from the tables");
    }
}

#[test]
fn what_is_pure_reaches_only_what_its_line_names() {
    let packages = Packages::read();
    for (name, reached) in PURE {
        let reached: BTreeSet<_> = reached.iter().map(ToString::to_string).collect();
        assert_eq!(
            packages.reaches(name),
            reached,
            "{name} is pure: no runtime, no I/O, and nothing that is not listed"
        );
    }
}

#[test]
fn what_is_pure_asks_no_dependency_for_its_std() {
    let packages = Packages::read();
    for name in NO_STD {
        let source = fs::read_to_string(packages.folder(name).join("src/lib.rs")).unwrap();
        assert!(source.contains("\n#![no_std]\n"), "{name}: expected #![no_std]");
        assert!(source.contains("\n#![forbid(unsafe_code)]\n"), "{name}: expected #![forbid(unsafe_code)]");
        for dependency in packages.normal_dependencies(name) {
            let std = dependency.uses_default_features || dependency.features.iter().any(|feature| feature == "std");
            assert!(!std, "{name} asks {} for its std", dependency.name);
        }
    }
}

#[test]
fn a_package_is_named_after_its_folder() {
    let packages = Packages::read();
    for name in packages.names() {
        let folder = packages.folder(&name);
        let folder = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let whole = folder == name && matches!(folder.as_str(), "onebox" | "xtask");
        assert!(whole || name == format!("onebox-{folder}"), "{name} is in {folder}/: call it onebox-{folder}");
    }
}

#[test]
fn every_file_of_tests_is_compiled() {
    let tests = Packages::read().test_files();
    let beside: Vec<_> = files(&["rs"]).into_iter().filter(|file| folder_of_tests(file).is_some()).collect();
    for file in beside.iter().filter(|file| !tests.contains(*file)) {
        let folder = folder_of_tests(file).unwrap();
        let below = file.strip_prefix(folder).unwrap();
        // A folder beside the tests is a test of its own, or its modules are those of a test.
        let module = folder.join(below.iter().next().unwrap());
        let compiled = module.is_dir()
            && (tests.contains(&module.join("main.rs")) || beside.iter().any(|test| declares(test, &module)));
        assert!(compiled, "{} is not compiled: no test declares it", file.display());
    }
}

/// The folder named `tests` that a file is in.
fn folder_of_tests(file: &Path) -> Option<&Path> {
    file.ancestors().skip(1).find(|folder| folder.file_name().is_some_and(|name| name == "tests"))
}

/// Whether a file declares a folder's modules, beside itself or by their path.
#[cfg(test)]
fn declares(file: &Path, folder: &Path) -> bool {
    let source = fs::read_to_string(file).unwrap();
    let beside = file.parent().unwrap();
    source.lines().map(str::trim).any(|line| {
        let path = line.strip_prefix("#[path = \"").and_then(|path| path.strip_suffix("\"]"));
        let name = line.trim_start_matches("pub(crate) ").strip_prefix("mod ");
        let name = name.map(|rest| rest.trim_end_matches([' ', ';', '{', '}']));
        let by_path =
            path.is_some_and(|path| beside.join(path).canonicalize().is_ok_and(|path| path.starts_with(folder)));
        by_path || name.is_some_and(|name| beside.join(name) == folder)
    })
}

#[test]
fn every_fuzz_target_has_seeds() {
    let targets = Packages::of_fuzz().binaries();
    let sources: BTreeSet<_> =
        files(&["rs"]).into_iter().filter(|file| file.starts_with(root().join("fuzz/fuzz_targets"))).collect();
    assert_eq!(targets.values().cloned().collect::<BTreeSet<_>>(), sources, "list every target in fuzz/Cargo.toml");
    for name in targets.keys() {
        let seeds = root().join("fuzz/seeds").join(name);
        assert!(fs::read_dir(&seeds).is_ok_and(|mut seeds| seeds.next().is_some()), "{} is empty", seeds.display());
    }
}

#[test]
fn no_source_is_longer_than_a_person_reads() {
    for file in files(&["rs", "mjs", "js"]) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines: it is about more than one idea", file.display());
    }
}

#[test]
fn no_file_knows_a_machine() {
    // In two pieces, so that this file does not name what it looks for.
    let homes = [["/ho", "me/"], ["/Us", "ers/"], ["/ro", "ot/"], ["C:\\", "Users"]].map(|pieces| pieces.concat());
    let kinds = ["rs", "mjs", "js", "md", "toml", "json", "lock", "html", "css", "py", "sh", "yml", "yaml", "run"];
    for file in files(&kinds) {
        for home in &homes {
            assert!(!mentions(&file, home), "{} mentions {home}", file.display());
        }
    }
}

#[test]
fn lock_files_name_no_registry_but_the_public_one() {
    for file in files(&["lock"]) {
        for line in fs::read_to_string(&file).unwrap().lines().filter(|line| line.starts_with("source = ")) {
            assert_eq!(line, format!("source = \"{}\"", crates_io()), "{}", file.display());
        }
    }
    for file in files(&["json"]).into_iter().filter(|file| file.ends_with("package-lock.json")) {
        // A path within the project is no registry.
        let from = "\"resolved\": \"http";
        assert!(!mentions(&file, from), "{}: run npm with --omit-lockfile-registry-resolved", file.display());
    }
}

#[test]
fn our_files_are_found_and_those_of_others_are_not() {
    let all = files(&["rs"]);
    assert!(all.contains(&root().join("xtask/tests/layout.rs")));
    assert!(all.contains(&root().join("core/src/lib.rs")));
    assert!(!all.iter().any(|file| file.components().any(|part| part.as_os_str() == "node_modules")));
    assert!(mentions(&root().join("xtask/tests/layout.rs"), "ARROWS"));
}
