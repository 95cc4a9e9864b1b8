//! `release.toml`: the plan, what the command line adds to it, and everything that is wrong with it.

use std::path::{Path, PathBuf};

use onebox_release::Plan;
use serde_json::{Value, json};

use crate::{Failure, config, file};

/// The largest plan that is read, in bytes: 500 backends fill a tenth of it.
const LIMIT: u64 = 1 << 20;

/// Which plan a verb reads, and what it overrides.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PlanFile {
    /// The plan
    #[arg(long = "plan", value_name = "FILE", default_value = "release.toml")]
    path: PathBuf,
    /// Who moves the aliases [default: what the plan says, or lambda]
    #[arg(long, value_enum)]
    via: Option<Mover>,
    #[command(flatten)]
    excuses: Excuses,
}

/// Alarms that are not looked at.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Excuses {
    /// Do not look at this alarm of the plan, by its name or its ARN, as for a hot-fix of what it complains about; may be
    /// given for each
    #[arg(long, value_name = "NAME", requires = "because")]
    ignore_alarm: Vec<String>,
    /// Why it is ignored; the journal keeps it. Once for all of them, or once for each, in their order
    #[arg(long, value_name = "TEXT", requires = "ignore_alarm")]
    because: Vec<String>,
}

impl Excuses {
    /// Writes them into a plan that is still a tree.
    pub(crate) fn add_to(&self, tree: &mut Value) -> Result<(), Failure> {
        let (alarms, reasons) = (self.ignore_alarm.len(), self.because.len());
        if reasons != 1 && reasons != alarms {
            return Err(Failure::usage(format!(
                "{alarms} alarms are ignored, for {reasons} reasons: give --because once for all, or once for each"
            )));
        }
        let reasons = self.because.iter().cycle();
        let ignored: Vec<_> = self
            .ignore_alarm
            .iter()
            .zip(reasons)
            .map(|(alarm, because)| json!({ "alarm": alarm, "because": because }))
            .collect();
        // Where there is something else, the plan's reader will say what is wrong with it.
        let list = release(tree).map(|release| release.entry("ignored").or_insert_with(|| json!([])));
        if let Some(list) = list.and_then(Value::as_array_mut) {
            list.extend(ignored);
        }
        Ok(())
    }

    const fn is_empty(&self) -> bool {
        self.ignore_alarm.is_empty()
    }
}

/// Who moves the aliases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mover {
    /// This command, by UpdateAlias
    Lambda,
    /// CodeDeploy, told, followed and stopped by this command
    #[value(name = "codedeploy")]
    CodeDeploy,
}

impl PlanFile {
    /// Reads the plan.
    pub(crate) fn read(&self, region: Option<&str>) -> Result<Plan, Failure> {
        let missing = "`onebox release init` writes one, `--plan FILE` names another";
        let text = file::text_within(LIMIT, &self.path, missing)
            .map_err(|reason| Failure::usage(format!("{} cannot be read: {reason}", self.path.display())))?;
        let (mut tree, places, mistakes) = onebox_config::tree(&text);
        let planned = tree.get("release").and_then(|release| release.get("region")).and_then(Value::as_str);
        if let (Some(planned), Some(region)) = (planned, region)
            && planned != region
        {
            return Err(Failure::usage(format!(
                "{}: release.region is {planned}, and --region says {region}: nothing was done. Change one of them",
                self.path.display()
            )));
        }
        if let (Some(release), Some(region)) = (release(&mut tree), region) {
            release.insert("region".to_owned(), region.into());
        }
        if let (Some(release), Some(via)) = (release(&mut tree), self.via) {
            let via = if via == Mover::Lambda { "lambda" } else { "codedeploy" };
            release.insert("via".to_owned(), via.into());
        }
        if !self.excuses.is_empty() {
            self.excuses.add_to(&mut tree)?;
        }
        let read = Plan::read(&tree);
        let problems = read.as_ref().err().into_iter().flatten();
        let problems = problems.map(|problem| (&*problem.path, &*problem.message));
        let mistakes = places.with_problems(mistakes, problems);
        match read {
            Ok(plan) if mistakes.is_empty() => Ok(plan),
            _ => Err(config::Refused::Mistaken { path: self.path.clone(), mistakes }.into()),
        }
    }

    /// Where files are that the plan names.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

fn release(tree: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    tree.get_mut("release")?.as_object_mut()
}
