//! Functions and their versions: what may be published, listed and deleted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use onebox_release::{Place, ProvisionedStatus, UpdateStatus, VersionState, VersionView};

use super::{
    alias::{Alias, SlowMoves},
    name::{ACCOUNT, Named, REGION, arn, is_number},
    page::{Page, page},
    refusal::Refusal,
    revision::Revisions,
};

/// Where a function's code runs as, if nothing else was said.
const ROLE: &str = "arn:aws:iam::123456789012:role/lambda";

/// What a version consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The SHA-256 of the package, in base64.
    pub sha256: String,
    /// The size of the package.
    pub bytes: u64,
    /// The execution role.
    pub role: String,
    /// The dead-letter queue's ARN.
    pub dead_letter: Option<String>,
}

impl Code {
    /// Code with this digest and an ordinary role.
    #[must_use]
    pub fn new(sha256: impl Into<String>) -> Self {
        Self { sha256: sha256.into(), bytes: 1024, role: ROLE.into(), dead_letter: None }
    }
}

/// `$LATEST` or a published version.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) code: Code,
    pub(crate) revision: String,
    /// Before this it is `Pending`, and takes no traffic.
    pub(crate) active_from: Timestamp,
    /// Lambda@Edge holds copies: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-delete-replicas.html>
    pub(crate) replicated: bool,
    /// What is not in order with it.
    pub(crate) condition: Option<Condition>,
}

/// A state, or an update, that is not in order:
/// <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `State`.
    pub state: VersionState,
    /// `LastUpdateStatus`.
    pub update: UpdateStatus,
    /// `StateReasonCode` and `StateReason`, or those of the last update.
    pub reason: Option<(String, String)>,
}

impl Condition {
    /// A state and its reason.
    #[must_use]
    pub fn of(state: VersionState, code: &str, reason: &str) -> Self {
        Self { state, update: UpdateStatus::Successful, reason: Some((code.to_owned(), reason.to_owned())) }
    }

    /// How the last update went, and why.
    #[must_use]
    pub fn updated(update: UpdateStatus, code: &str, reason: &str) -> Self {
        Self { update, ..Self::of(VersionState::Active, code, reason) }
    }
}

/// A function: `$LATEST`, the published versions, the aliases.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) place: Place,
    pub(crate) latest: Version,
    pub(crate) versions: BTreeMap<u64, Version>,
    /// The highest number that was ever given: none is given twice.
    last: u64,
    /// Whether an update of `$LATEST` is still applied: when it is, there is another revision.
    updating: bool,
    /// What becomes of the versions that are published, as where SnapStart makes no snapshot.
    pub(crate) outcome: Option<Condition>,
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// Provisioned concurrency, by version or alias.
    pub(crate) provisioned: BTreeMap<String, (ProvisionedStatus, Option<String>)>,
}

impl Function {
    pub(crate) fn new(place: Place, code: Code, now: Timestamp, revisions: &mut Revisions) -> Self {
        let latest = Version::new(code, now, revisions);
        let (updating, outcome) = (false, None);
        let (versions, aliases, provisioned) = Default::default();
        Self { place, latest, versions, last: 0, updating, outcome, aliases, provisioned }
    }

    /// `$LATEST` or a published version, by what stands behind the colon.
    pub(crate) fn version(&self, name: &str, version: &str) -> Result<&Version, Refusal> {
        let found = match version {
            "$LATEST" => Some(&self.latest),
            number => number.parse().ok().and_then(|number: u64| self.versions.get(&number)),
        };
        found
            .ok_or_else(|| Refusal::not_found(format!("Function not found: {}", arn(&self.place, name, Some(version)))))
    }

    /// `PublishVersion`: "Lambda doesn't publish a version if the function's configuration and code haven't changed
    /// since the last version."
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html>
    ///
    /// It gives `$LATEST` another revision, as AWS's answers show:
    /// <https://github.com/localstack/localstack/blob/master/tests/aws/services/lambda_/test_lambda_api.py>
    pub(crate) fn publish(
        &mut self,
        name: &str,
        sha256: Option<&str>,
        revision: Option<&str>,
        now: Timestamp,
        revisions: &mut Revisions,
    ) -> Result<u64, Refusal> {
        self.check_updated(name, now)?;
        let latest = &self.latest;
        if let Some(expected) = sha256.filter(|expected| *expected != latest.code.sha256) {
            return Err(Refusal::invalid(format!(
                "CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the CodeSHA256 in $LATEST.",
                latest.code.sha256
            )));
        }
        if revision.is_some_and(|revision| revision != latest.revision) {
            return Err(Refusal::precondition());
        }
        if self.versions.get(&self.last).is_some_and(|newest| newest.code == latest.code) {
            return Ok(self.last);
        }
        self.last += 1;
        let code = latest.code.clone();
        let version = Version { condition: self.outcome.clone(), ..Version::new(code, now, revisions) };
        self.latest.revision = revisions.next();
        self.versions.insert(self.last, version);
        Ok(self.last)
    }

    /// `UpdateFunctionCode`, which is refused while the one before is under way.
    pub(crate) fn update(
        &mut self,
        name: &str,
        code: Code,
        revision: Option<&str>,
        now: Timestamp,
        revisions: &mut Revisions,
    ) -> Result<(), Refusal> {
        self.check_updated(name, now)?;
        if revision.is_some_and(|revision| revision != self.latest.revision) {
            return Err(Refusal::precondition());
        }
        self.latest = Version::new(code, now, revisions);
        Ok(())
    }

    /// The update of `$LATEST` takes until then.
    pub(crate) fn apply_until(&mut self, until: Timestamp, now: Timestamp) {
        self.latest.active_from = until;
        self.updating = now < until;
    }

    /// Somebody changes the configuration of `$LATEST`.
    pub(crate) fn reconfigure(&mut self, revisions: &mut Revisions) {
        self.latest.revision = revisions.next();
    }

    /// Lets AWS end what it applies and moves, where it is time.
    pub(crate) fn settle(&mut self, slow: Option<SlowMoves>, now: Timestamp, revisions: &mut Revisions) {
        if self.updating && self.latest.active_from <= now {
            self.updating = false;
            self.latest.revision = revisions.next();
        }
        self.aliases.values_mut().for_each(|alias| alias.settle(slow, now, revisions));
    }

    /// Neither an update nor a publication begins while an update is in progress.
    fn check_updated(&self, name: &str, now: Timestamp) -> Result<(), Refusal> {
        let told = self.latest.condition.as_ref().is_some_and(|condition| condition.update == UpdateStatus::InProgress);
        if !told && now >= self.latest.active_from {
            return Ok(());
        }
        Err(Refusal::conflict(format!(
            "The operation cannot be performed at this time. An update is in progress for resource: {}",
            arn(&self.place, name, None)
        )))
    }

    /// `DeleteFunction` of one version.
    ///
    /// AWS's texts for aliased versions are not documented: status and code are.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html>
    pub(crate) fn delete(&mut self, name: &str, version: &str) -> Result<(), Refusal> {
        if version == "$LATEST" {
            return Err(Refusal::invalid("$LATEST version cannot be deleted without deleting the function."));
        }
        if !is_number(version) {
            return Err(Refusal::invalid("Deletion of aliases is not currently supported."));
        }
        if self.version(name, version)?.replicated {
            return Err(Refusal::invalid(format!(
                "Lambda was unable to delete {} because it is a replicated function. Please see our documentation for Deleting Lambda@Edge Functions and Replicas.",
                arn(&self.place, name, Some(version))
            )));
        }
        let users: Vec<_> =
            self.aliases.iter().filter(|(_, alias)| alias.uses(version)).map(|(alias, _)| alias.as_str()).collect();
        if !users.is_empty() {
            return Err(Refusal::conflict(format!(
                "Version {version} of {} is in use by aliases: [{}]. Remove the version from its aliases before deleting it.",
                arn(&self.place, name, None),
                users.join(", ")
            )));
        }
        self.versions.retain(|number, _| number.to_string() != version);
        Ok(())
    }

    /// `ListVersionsByFunction`: `$LATEST` first, at most 50 on a page whatever was asked for.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html>
    pub(crate) fn list(&self, marker: Option<&str>, most: Option<i64>) -> Result<Page<(String, &Version)>, Refusal> {
        let numbered = self.versions.iter().map(|(number, version)| (number.to_string(), version));
        let all: Vec<_> = [("$LATEST".to_owned(), &self.latest)].into_iter().chain(numbered).collect();
        page(all, marker, most)
    }
}

impl Version {
    fn new(code: Code, now: Timestamp, revisions: &mut Revisions) -> Self {
        Self { code, revision: revisions.next(), active_from: now, replicated: false, condition: None }
    }

    /// Its state, and how its last update went: a new version is pending; new code of `$LATEST` leaves it active while the
    /// update is applied.
    pub(crate) fn condition(&self, number: &str, now: Timestamp) -> Condition {
        let is_new = now < self.active_from;
        let state = if is_new && number != "$LATEST" { VersionState::Pending } else { VersionState::Active };
        let update = if is_new { UpdateStatus::InProgress } else { UpdateStatus::Successful };
        match &self.condition {
            Some(condition) if !is_new => condition.clone(),
            _ => Condition { state, update, reason: None },
        }
    }

    /// The version as a release sees it.
    pub(crate) fn view(&self, version: &str, place: &Place, now: Timestamp) -> VersionView {
        let Condition { state, update, reason } = self.condition(version, now);
        VersionView {
            version: version.to_owned(),
            sha256: self.code.sha256.clone(),
            role: self.code.role.clone(),
            dead_letter: self.code.dead_letter.clone(),
            state,
            update,
            reason: reason.map(|(code, text)| format!("{code}: {text}")),
            revision: Some(self.revision.clone()),
            place: place.clone(),
        }
    }
}

/// The functions of the account.
#[derive(Clone, Debug)]
pub(crate) struct Functions {
    pub(crate) place: Place,
    known: BTreeMap<String, Function>,
}

impl Default for Functions {
    fn default() -> Self {
        Self::of(Place::new(REGION, ACCOUNT))
    }
}

impl Functions {
    pub(crate) fn of(place: Place) -> Self {
        Self { place, known: BTreeMap::new() }
    }

    /// Lets AWS end what it applies and moves, where it is time.
    pub(crate) fn settle(&mut self, slow: Option<SlowMoves>, now: Timestamp, revisions: &mut Revisions) {
        self.known.values_mut().for_each(|function| function.settle(slow, now, revisions));
    }

    pub(crate) fn insert(&mut self, name: &str, function: Function) {
        self.known.insert(name.to_owned(), function);
    }

    /// A function by any of its names, with the name's qualifier.
    pub(crate) fn get<'a>(&self, name: &'a str) -> Result<(Named<'a>, &Function), Refusal> {
        let named = Named::parse(name)?;
        named.check_place(&self.place)?;
        let function = self.known.get(named.function).ok_or_else(|| missing(&self.place, &named))?;
        Ok((named, function))
    }

    pub(crate) fn get_mut<'a>(&mut self, name: &'a str) -> Result<(Named<'a>, &mut Function), Refusal> {
        let named = Named::parse(name)?;
        named.check_place(&self.place)?;
        let function = self.known.get_mut(named.function).ok_or_else(|| missing(&self.place, &named))?;
        Ok((named, function))
    }
}

fn missing(place: &Place, named: &Named<'_>) -> Refusal {
    Refusal::not_found(format!("Function not found: {}", arn(place, named.function, named.qualifier)))
}
