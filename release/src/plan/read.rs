//! From a tree of values to a plan.

use std::time::Duration;

use serde_json::Value;

use super::{
    Alarm, CodeDeployGroup, Comparison, Health, Ignored, NotProven, Plan, Problem, Shift, Target, VersionAlarms, Via,
    alarm,
    fields::{Problems, Table, count, flag, kind, text},
    rules, strategies,
};
use crate::{Pause, Strategy};

/// The most backends that one release moves: 15 control-plane calls a second are all that an account has.
const MOST_BACKENDS: usize = 500;

/// The most alarms that a deployment of CodeDeploy watches:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>.
const MOST_ALARMS_OF_CODEDEPLOY: usize = 10;

impl Plan {
    /// Reads a plan from a tree of values: `release.toml`, or the same as JSON.
    ///
    /// Every field that may be left out has its default afterwards. A target that is a zip file has its SHA-256 only if
    /// the tree has it.
    ///
    /// ```
    /// use onebox_release::Plan;
    /// use serde_json::json;
    ///
    /// let plan = Plan::read(&json!({
    ///     "release": { "id": "web-1" },
    ///     "backend": [{ "function": "orders", "alias": "live", "target": "7", "strategy": "Canary10Percent5Minutes" }],
    /// }));
    /// assert_eq!(plan.unwrap().backends[0].strategy.steps().len(), 2);
    ///
    /// let problems = Plan::read(&json!({ "release": { "id": "web-1", "blake": "5m" } })).unwrap_err();
    /// let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    /// assert_eq!(lines[0], "release.blake: is unknown: did you mean bake?");
    /// assert_eq!(lines[1], "no alias moves: add a [[backend]], a [one-box] or a [regular]");
    /// ```
    ///
    /// # Errors
    /// Every mistake.
    pub fn read(tree: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let plan = read(tree, &mut problems);
        let problems = problems.into_inner();
        match plan {
            Some(plan) if problems.is_empty() => Ok(plan),
            _ => Err(problems),
        }
    }
}

/// What `[release]` says.
struct Release {
    id: Option<String>,
    region: Option<String>,
    account: Option<String>,
    via: Via,
    bake: Duration,
    final_bake: Duration,
    poll: Duration,
    alarms: Vec<Alarm>,
    ignored: Vec<Ignored>,
    protect: bool,
}

fn read(tree: &Value, problems: &mut Problems) -> Option<Plan> {
    let mut document = Table::open("", tree, problems)?;
    let release = match document.get("release") {
        None => {
            problems.add("release", "is missing: [release] with an id such as \"web-2026-11-20\"");
            None
        }
        Some(value) => Table::open("release", value, problems).map(|table| release(table, problems)),
    };
    let via = release.as_ref().map_or(Via::Lambda, |release| release.via);
    let health = document.table("health", problems).map_or_else(Health::default, |table| health(table, problems));
    let backends = document.list("backend", "written [[backend]]", problems);
    if backends.len() > MOST_BACKENDS {
        problems.add("backend", format!("expected at most {MOST_BACKENDS} backends, found {}", backends.len()));
    }
    let mut moves: Vec<Move> = Vec::new();
    let mut add = |path: &str, value: &Value, problems: &mut Problems| {
        let next = shift(path, Table::open(path, value, problems)?, via, problems);
        if let Some(Move { path: other, .. }) = moves.iter().find(|other| other.is_of_alias_of(&next)) {
            let alias = [next.function.as_deref(), next.alias.as_deref()].map(Option::unwrap_or_default).join(":");
            problems.add(format!("{path}.alias"), format!("{alias} is moved by {other} already"));
        }
        let shares = |other: &&Move| via == Via::CodeDeploy && other.is_in_group_of(&next);
        if let Some(Move { path: other, .. }) = moves.iter().find(shares) {
            let message = format!(
                "is the one of {other} already: CodeDeploy runs one deployment of a group at a time, \
                 so give every alias its own"
            );
            problems.add(format!("{path}.codedeploy.group"), message);
        }
        let whole = next.whole.clone();
        moves.push(next);
        whole
    };
    let misplaced = !matches!(document.get("backend"), None | Some(Value::Array(_)));
    let backends: Vec<_> = backends.iter().map(|(path, value)| add(path, value, problems)).collect();
    let one_box = document.get("one-box").map(|value| add("one-box", value, problems));
    let regular = document.get("regular").map(|value| add("regular", value, problems));
    document.close(problems);
    if backends.is_empty() && !misplaced && one_box.is_none() && regular.is_none() {
        problems.add("", "no alias moves: add a [[backend]], a [one-box] or a [regular]");
    }
    let release = release?;
    let own = |of: fn(&str) -> Option<&str>| moves.iter().find_map(|shift| of(shift.function.as_deref()?));
    let region = release.region.as_deref().or_else(|| own(rules::region_of));
    count_alarms(&release, region, &health, problems);
    if let Some(account) = release.account.as_deref().or_else(|| own(rules::account_of)) {
        for (at, alarm) in release.alarms.iter().enumerate() {
            if let Some(other) = alarm.account.as_deref().filter(|other| *other != account) {
                let message = format!(
                    "{alarm} is in the account {other}, and the release is in {account}: CloudWatch shows alarms to their \
                     own account only"
                );
                problems.add(format!("release.alarms.{at}"), message);
            }
        }
    }
    check_places(&release, &moves, problems);
    Some(Plan {
        id: release.id?,
        region: release.region,
        account: release.account,
        via,
        backends: backends.into_iter().collect::<Option<_>>()?,
        one_box: transposed(one_box)?,
        regular: transposed(regular)?,
        bake: release.bake,
        final_bake: release.final_bake,
        poll: release.poll,
        alarms: release.alarms,
        ignored: release.ignored,
        protect: release.protect,
        health,
    })
}

/// A release is in one account and region: what an ARN says has to fit the plan, and the other ARNs.
fn check_places(release: &Release, moves: &[Move], problems: &mut Problems) {
    let places = moves.iter().filter_map(|of| Some((of, of.function.as_deref().and_then(rules::place_of)?)));
    let mut wanted = (release.region.as_deref(), release.account.as_deref());
    for (Move { path, .. }, (region, account)) in places {
        for (found, wanted) in [(region, wanted.0), (account, wanted.1)] {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
                problems.add(format!("{path}.function"), format!("is in {found}, and the release is in {wanted}"));
            }
        }
        wanted = (wanted.0.or(Some(region)), wanted.1.or(Some(account)));
    }
}

/// What is there has to be right; what is not there is.
#[expect(clippy::option_option, reason = "missing and wrong are two things")]
fn transposed<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |read| read.map(Some))
}

/// What is written of one alias. It is compared with the others as far as it can be read, whole or not: every mistake is
/// found in one run.
struct Move {
    path: String,
    function: Option<String>,
    alias: Option<String>,
    group: Option<CodeDeployGroup>,
    whole: Option<Shift>,
}

impl Move {
    /// Whether both move the same alias.
    fn is_of_alias_of(&self, other: &Self) -> bool {
        let functions = self.function.as_deref().zip(other.function.as_deref());
        self.alias.is_some()
            && self.alias == other.alias
            && functions.is_some_and(|(left, right)| rules::same_function(left, right))
    }

    /// Whether CodeDeploy would move both by one deployment group, which runs one deployment at a time:
    /// <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>.
    fn is_in_group_of(&self, other: &Self) -> bool {
        let names = |group: &CodeDeployGroup| (group.application.clone(), group.group.clone());
        self.group.is_some() && self.group.as_ref().map(names) == other.group.as_ref().map(names)
    }
}

fn release(mut table: Table<'_>, problems: &mut Problems) -> Release {
    let id = table.required("id", problems, rules::release_id).map(str::to_owned);
    let region = table.optional("region", problems, rules::region).map(str::to_owned);
    let account = table.optional("account", problems, rules::account).map(str::to_owned);
    let via = table.optional("via", problems, via).unwrap_or_default();
    let bake = table.optional("bake", problems, rules::duration).unwrap_or(Plan::DEFAULT_BAKE);
    let final_bake = table.optional("final_bake", problems, rules::duration).unwrap_or(Plan::DEFAULT_BAKE);
    let poll = table.optional("poll", problems, rules::poll).unwrap_or(Plan::DEFAULT_POLL);
    let alarms = alarms(&mut table, problems);
    let ignored = ignored(&mut table, &alarms, problems);
    let protect = table.optional("protect", problems, flag).unwrap_or(true);
    table.close(problems);
    Release { id, region, account, via, bake, final_bake, poll, alarms, ignored, protect }
}

fn via(value: &Value) -> Result<Via, String> {
    match text(value)? {
        "lambda" => Ok(Via::Lambda),
        "codedeploy" => Ok(Via::CodeDeploy),
        other => Err(format!("expected \"lambda\" or \"codedeploy\", found {other:?}")),
    }
}

fn alarms(table: &mut Table<'_>, problems: &mut Problems) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = Vec::new();
    for (path, value) in table.list("alarms", "such as [\"web-5xx\"]", problems) {
        let Some(alarm) = alarm::read(&path, value, problems) else { continue };
        if alarms.iter().any(|other| other.is_same(&alarm)) {
            problems.add(path, format!("{:?} is listed above already: remove it", alarm.to_string()));
            continue;
        }
        alarms.push(alarm);
    }
    alarms
}

/// A deployment watches the alarms of its own region that are not ignored, and the one that is made for its version. The
/// others are watched by the release alone.
fn count_alarms(release: &Release, region: Option<&str>, health: &Health, problems: &mut Problems) {
    let own = usize::from(health.version_alarms.is_some());
    let is_watched = |alarm: &&Alarm| {
        let near = alarm.region.is_none() || alarm.region.as_deref() == region;
        near && !release.ignored.iter().any(|ignored| ignored.is(alarm))
    };
    let found = release.alarms.iter().filter(is_watched).count() + own;
    if release.via == Via::CodeDeploy && found > MOST_ALARMS_OF_CODEDEPLOY {
        let with = if own > 0 { ", with the one of health.version_alarms" } else { "" };
        let message = format!(
            "CodeDeploy watches at most {MOST_ALARMS_OF_CODEDEPLOY} alarms, found {found}{with}: \
             combine them in a composite alarm, or release via = \"lambda\""
        );
        problems.add("release.alarms", message);
    }
}

fn ignored(table: &mut Table<'_>, alarms: &[Alarm], problems: &mut Problems) -> Vec<Ignored> {
    let example = "such as [{ alarm = \"web-5xx\", because = \"this release fixes it\" }]";
    let mut ignored: Vec<Ignored> = Vec::new();
    for (path, value) in table.list("ignored", example, problems) {
        let Some(mut entry) = Table::open(path, value, problems) else { continue };
        let alarm = alarm::place(&mut entry, problems);
        let because = entry.required("because", problems, rules::filled(1024));
        let named = alarm.map(|alarm| Ignored { alarm: alarm.name, region: alarm.region, because: String::new() });
        if let Some(named) = &named {
            let name = &named.alarm;
            let meant = alarms.iter().filter(|alarm| named.is(alarm)).count();
            let is_same = |other: &&Ignored| (&other.alarm, &other.region) == (name, &named.region);
            if meant == 0 {
                problems.add(entry.at("alarm"), format!("{name:?} is not in release.alarms: nobody looks at it"));
            } else if meant > 1 {
                let message = format!("{name:?} is in {meant} regions: say which one, by region or by the alarm's ARN");
                problems.add(entry.at("alarm"), message);
            } else if ignored.iter().any(|other| is_same(&other)) {
                problems.add(entry.at("alarm"), format!("{name:?} is ignored above already: remove it"));
            }
        }
        entry.close(problems);
        ignored.extend(named.zip(because).map(|(named, because)| Ignored { because, ..named }));
    }
    ignored
}

fn health(mut table: Table<'_>, problems: &mut Problems) -> Health {
    let default = Health::default();
    let min_requests = table.optional("min_requests", problems, count(0)).unwrap_or(default.min_requests);
    let hold = table.optional("hold", problems, rules::duration).unwrap_or(default.hold);
    let settled = table.optional("settled", problems, rules::duration).unwrap_or(default.settled);
    let not_proven = table.optional("not_proven", problems, not_proven).unwrap_or(default.not_proven);
    let comparison = table.table("comparison", problems).and_then(|table| comparison(table, problems));
    let version_alarms = table.table("version_alarms", problems).and_then(|table| version_alarms(table, problems));
    table.close(problems);
    Health { min_requests, hold, settled, not_proven, comparison, version_alarms }
}

fn not_proven(value: &Value) -> Result<NotProven, String> {
    match text(value)? {
        "stop" => Ok(NotProven::Stop),
        "continue" => Ok(NotProven::Continue),
        "roll-back" => Ok(NotProven::RollBack),
        other => Err(format!("expected \"stop\", \"continue\" or \"roll-back\", found {other:?}")),
    }
}

fn comparison(mut table: Table<'_>, problems: &mut Problems) -> Option<Comparison> {
    let false_alarm = table.required("false_alarm", problems, |value| match rules::fraction(value)? {
        rate if rate <= 0.5 => Ok(rate),
        _ => Err("expected at most \"50%\": more false alarms than a coin gives prove nothing".to_owned()),
    });
    let tolerance = table.required("tolerance", problems, |value| match rules::fraction(value)? {
        part if part < 1.0 => Ok(part),
        _ => Err("expected less than \"100%\": every version would be healthy".to_owned()),
    });
    table.close(problems);
    Some(Comparison { false_alarm: false_alarm?, tolerance: tolerance? })
}

fn version_alarms(mut table: Table<'_>, problems: &mut Problems) -> Option<VersionAlarms> {
    let errors = table.required("errors", problems, count(1));
    // CloudWatch looks back a day at most:
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    let minutes = table.required("minutes", problems, |value| match count(1)(value)? {
        minutes @ ..=1440 => Ok(minutes),
        minutes => Err(format!("expected at most 1440, a day, found {minutes}")),
    });
    table.close(problems);
    Some(VersionAlarms { errors: errors?, minutes: minutes? })
}

fn shift(path: &str, mut table: Table<'_>, via: Via, problems: &mut Problems) -> Move {
    let function = table.required("function", problems, |value| rules::function(value).map(str::to_owned));
    let alias = table.required("alias", problems, |value| rules::alias(value).map(str::to_owned));
    let target = target(&mut table, problems);
    let strategy = match table.get("strategy") {
        None => Some(Strategy::AllAtOnce),
        Some(value) => strategies::read(&table.at("strategy"), value, problems),
    };
    let before = table.optional("before", problems, |value| rules::hook(value).map(str::to_owned));
    let after = table.optional("after", problems, |value| rules::hook(value).map(str::to_owned));
    let codedeploy = table.table("codedeploy", problems).and_then(|group| {
        let strategy = strategy.as_ref()?;
        codedeploy(group, via, strategy, problems)
    });
    if via == Via::CodeDeploy {
        if table.get("codedeploy").is_none() {
            let message = "is missing: with release.via = \"codedeploy\" every alias needs \
                           { application = \"…\", group = \"…\" }";
            problems.add(table.at("codedeploy"), message);
        }
        if strategy.iter().flat_map(Strategy::steps).any(|step| step.then == Pause::Approval) {
            problems.add(
                table.at("strategy"),
                "CodeDeploy waits for no approval: give a wait, or release via = \"lambda\"",
            );
        }
    }
    table.close(problems);
    let all = function.clone().zip(alias.clone()).zip(target).zip(strategy);
    let whole = all.map(|(((function, alias), target), strategy)| Shift {
        function,
        alias,
        target,
        strategy,
        before,
        after,
        codedeploy: codedeploy.clone(),
    });
    Move { path: path.to_owned(), function, alias, group: codedeploy, whole }
}

fn target(table: &mut Table<'_>, problems: &mut Problems) -> Option<Target> {
    const EXPECTED: &str = "expected a version such as \"7\", \"latest\", or { zip = \"orders.zip\" }";
    let path = table.at("target");
    match table.get("target") {
        None => problems.add(path, format!("is missing: {EXPECTED}")),
        Some(Value::String(text)) if text == "latest" => return Some(Target::Latest),
        Some(Value::String(text)) if rules::is_version(text) => return Some(Target::Version(text.clone())),
        Some(Value::String(text)) if text == "$LATEST" => {
            // https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
            problems.add(path, "an alias that shifts cannot point to $LATEST: write \"latest\" to publish it first");
        }
        Some(Value::String(text)) => problems.add(path, format!("{EXPECTED}, found {text:?}")),
        Some(Value::Number(number)) => problems.add(path, format!("{EXPECTED}: write \"{number}\" with quotes")),
        Some(value @ Value::Object(_)) => {
            let mut zip = Table::open(path, value, problems)?;
            let file = zip.required("zip", problems, rules::filled(4096));
            let sha256 = zip.optional("sha256", problems, rules::sha256).unwrap_or_default();
            zip.close(problems);
            return Some(Target::Zip { path: file?, sha256 });
        }
        Some(other) => problems.add(path, format!("{EXPECTED}, found {}", kind(other))),
    }
    None
}

/// Where CodeDeploy knows an alias. A configuration by default is needed only where CodeDeploy moves the alias.
fn codedeploy(mut table: Table<'_>, via: Via, strategy: &Strategy, problems: &mut Problems) -> Option<CodeDeployGroup> {
    // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html
    let application = table.required("application", problems, rules::filled(100));
    let group = table.required("group", problems, rules::filled(100));
    let config = table.optional("config", problems, rules::filled(100));
    if config.is_none() && via == Via::CodeDeploy && strategy.codedeploy_name().is_none() {
        let message = "is missing: the strategy is none of CodeDeploy's own, so name the deployment configuration";
        problems.add(table.at("config"), message);
    }
    table.close(problems);
    let config = config.or_else(|| strategy.codedeploy_name()).unwrap_or_default();
    Some(CodeDeployGroup { application: application?, group: group?, config })
}
