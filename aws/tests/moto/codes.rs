//! The error codes that AWS documents, as botocore's models have them: every one has a row of its own.

use std::{collections::BTreeMap, path::Path, process::Command};

use onebox_aws::ERROR_CODES;
use serde_json::Value;

/// The services that are called, by their names in botocore.
const SERVICES: [&str; 4] = ["lambda", "cloudwatch", "codedeploy", "cloudformation"];

/// Operations that the SDK's waiters call: they have no line of ours.
const WAITERS: [&str; 2] = ["GetFunction", "GetFunctionConfiguration"];

/// Prints every operation of these services with the codes of its errors: the shape's name, and the protocol's.
const MODELS: &str = r#"
import sys, json, botocore.loaders
codes = {}
for service in sys.argv[1:]:
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    for name, operation in model["operations"].items():
        of = codes.setdefault(name, [])
        for error in operation.get("errors", []):
            of.append(error["shape"])
            code = model["shapes"][error["shape"]].get("error", {}).get("code")
            if code:
                of.append(code)
print(json.dumps(codes))
"#;

/// The Python of the strict moto's environment: botocore is in it.
fn python() -> String {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venvs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../moto");
    let script = manifest.join("tests/moto/start.py");
    let output = Command::new("python3").arg(script).arg("--prepare").arg("--venv").arg(venvs).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn models() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(python()).arg("-c").arg(MODELS).args(SERVICES).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let models: Value = serde_json::from_slice(&output.stdout).unwrap();
    serde_json::from_value(models).unwrap()
}

/// Whether a source calls an operation: `.get_alias()`, on the same line or on the next.
fn calls(source: &str, operation: &str) -> bool {
    let mut method = String::new();
    for letter in operation.chars() {
        if letter.is_ascii_uppercase() {
            method.push('_');
        }
        method.push(letter.to_ascii_lowercase());
    }
    source.contains(&format!(".{}()", method.trim_start_matches('_')))
}

#[test]
fn every_error_code_that_aws_documents_for_a_call_of_ours_has_a_row() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = sources.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let source: String = sources.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let (mut called, mut missing) = (Vec::new(), Vec::new());
    for (operation, codes) in models() {
        if !WAITERS.contains(&operation.as_str()) && !calls(&source, &operation) {
            continue;
        }
        for code in codes {
            if !ERROR_CODES.iter().any(|(known, _)| *known == code) {
                missing.push(format!("{operation}: {code}"));
            }
        }
        called.push(operation);
    }
    assert!(missing.is_empty(), "aws/src/error/codes.rs has no row for: {missing:#?}");
    // That they are found at all: one of each service, and those that the list of calls is about.
    for operation in [
        "GetAlias",
        "UpdateAlias",
        "CreateAlias",
        "DeleteAlias",
        "Invoke",
        "DescribeAlarms",
        "CreateDeployment",
        "DescribeStacks",
    ] {
        assert!(called.iter().any(|one| one == operation), "{operation} is not found in {called:?}");
    }
}
