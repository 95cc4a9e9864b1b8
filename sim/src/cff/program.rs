//! A function as a program: its file, and the driver that runs it.

use std::{ffi::OsString, fs, io, path::Path};

use onebox_edge::Trigger;
use serde_json::json;

use super::Engine;
use crate::{node::no_node, pool::Program, start_error::StartError};

const DRIVER: &str = include_str!("driver.js");
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-functions>
const FUNCTION_LIMIT: usize = 10_240;

/// The program of a trigger's function, which is in `<folder>/<trigger>.cff.js`.
pub(super) fn program(engine: &Engine, folder: &Path, trigger: Trigger) -> Result<Program, StartError> {
    let file = folder.join(format!("{trigger}.cff.js"));
    let source = fs::read_to_string(&file).map_err(|error| missing(&file, trigger, &error))?;
    if source.len() > FUNCTION_LIMIT {
        return Err(StartError::FunctionTooLarge { path: file, bytes: source.len() });
    }
    let (name, body) = imported(&source).unwrap_or(("cloudfront", &source));
    let text = format!("const IMPORTED = {}, SOURCE = {};\n{DRIVER}", json!(name), json!(body));
    let (engine, option, missing): (_, _, fn(String, io::Error) -> StartError) = match engine {
        Engine::Njs(njs) => (njs, "-c", |njs, problem| StartError::NoNjs { njs, problem }),
        Engine::Node(node) => (node, "--eval", no_node),
    };
    Ok(Program { engine: engine.clone(), arguments: [option.into(), OsString::from(text)].into(), file, missing })
}

fn missing(file: &Path, trigger: Trigger, error: &io::Error) -> StartError {
    let mut problem = error.to_string();
    if trigger == Trigger::ViewerResponse {
        problem
            .push_str("; a Lambda@Edge function cannot take its place beside a CloudFront Function at viewer-request");
    }
    StartError::Bundle { path: file.to_owned(), problem }
}

/// The name under which a function imports the module `cloudfront`, and the function without that line: only a module may
/// import, so the driver hands it in as a parameter.
fn imported(source: &str) -> Option<(&str, &str)> {
    let (name, rest) = source.trim_start().strip_prefix("import ")?.split_once(" from")?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("'cloudfront'").or_else(|| rest.strip_prefix("\"cloudfront\""))?;
    let is_name = |name: &str| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$');
    Some((name.trim(), rest)).filter(|(name, _)| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html>
    #[test]
    fn the_import_becomes_a_parameter_whatever_its_name_and_quotes() {
        for (source, expected) in [
            ("import cf from 'cloudfront';\nfunction", Some(("cf", ";\nfunction"))),
            ("import a from\"cloudfront\";function", Some(("a", ";function"))),
            ("\nimport $1 from  'cloudfront'\nfunction", Some(("$1", "\nfunction"))),
            ("import cf from 'crypto';", None),
            ("import { kvs } from 'cloudfront';", None),
            ("function handler() {}", None),
        ] {
            assert_eq!(imported(source), expected, "{source}");
        }
    }
}
