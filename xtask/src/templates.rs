//! What stands in `deploy/`, checked by CloudFormation's linter.

use std::path::Path;

use crate::{
    line::{Failure, Line},
    tools,
};

/// The linter's version.
const CFN_LINT: &str = "1.51.0";

/// The templates: cfn-lint finds them itself.
const TEMPLATES: [&str; 1] = ["deploy/*.yaml"];

/// Checks every template; what is only a warning fails as well.
///
/// # Errors
/// What is wrong with one, or why the linter cannot be installed.
pub(crate) fn run() -> Result<(), Failure> {
    Line::program(&cfn_lint()?).args(TEMPLATES).run()
}

/// cfn-lint, installed if need be: the path of its program.
fn cfn_lint() -> Result<String, Failure> {
    let folder = tools::target_dir().join("tools").join(format!("cfn-lint-{CFN_LINT}"));
    let program = folder.join("bin/cfn-lint").display().to_string();
    if !Path::new(&program).exists() {
        Line::of("python3 -m venv").args([folder.display().to_string()]).run()?;
        let pip = folder.join("bin/pip").display().to_string();
        Line::program(&pip).args(["install", "--quiet", &format!("cfn-lint=={CFN_LINT}")]).run()?;
    }
    Ok(program)
}
