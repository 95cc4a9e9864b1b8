//! A strict local control plane: the part of Lambda, CloudWatch and CodeDeploy that a release talks to.
//!
//! It keeps AWS's rules, with AWS's codes and texts where they are known: a release that AWS would refuse is refused
//! here. It has no clock and no chance: whoever calls hands in the time, and what goes wrong is said beforehand by a
//! [`FaultPlan`]. A copy is a snapshot: a test can go on from the same moment in many ways.
//!
//! ```
//! use onebox_release::{Call, Reply, Routing};
//! use onebox_sim::control::ControlPlane;
//!
//! let now = "2026-11-20T12:00:00Z".parse()?;
//! let mut plane = ControlPlane::default();
//! plane.function("orders", 7, now);
//! plane.alias("orders", "live", &Routing::wholly("6"))?;
//! let get = Call::GetAlias { function: "orders".into(), alias: "live".into() };
//! let Ok(Reply::Alias(alias)) = plane.call(&get, now) else { panic!("an alias") };
//! let update = |revision: &str| Call::UpdateAlias {
//!     function: "orders".into(),
//!     alias: "live".into(),
//!     to: Routing::wholly("7"),
//!     revision: revision.into(),
//! };
//! assert!(plane.call(&update(&alias.revision), now).is_ok());
//! // The revision is another one now.
//! assert!(plane.call(&update(&alias.revision), now).unwrap_err().message.starts_with("PreconditionFailedException"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is not imitated
//!
//! Permissions, tags, layers, how provisioned concurrency is allocated, capacity, code storage, signing. `UpdateFunctionCode` and
//! `PublishVersion` are done at once unless [`ControlPlane::settle`] says otherwise. `DeleteFunction` without a qualifier
//! is refused, where AWS would delete the function with all its versions. A weight of 1.0 is refused, as AWS is reported
//! to do against its own model. Alarms are evaluated when they are read, and count the running minute.

mod alarm;
mod alias;
mod deployment;
mod fault;
mod function;
mod http;
mod name;
mod page;
mod perform;
mod rate;
mod refusal;
mod revision;
mod script;
mod traffic;

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use onebox_release::{AlarmState, Executed, Place, ProvisionedStatus, Routing, Strategy};

use self::{
    alarm::Alarms,
    alias::Change,
    deployment::{Deployments, Surroundings},
    function::{Function, Functions},
    rate::Rate,
    revision::Revisions,
    traffic::Traffic,
};
pub use self::{
    alias::{Alias, SlowMoves},
    fault::{Around, At, Fault, FaultPlan, Trouble},
    function::{Code, Condition},
    http::{ControlServer, Served},
    rate::CONTROL_PLANE_RATE,
    refusal::Refusal,
    script::Script,
};

/// A strict local Lambda, CloudWatch and CodeDeploy.
#[derive(Clone, Debug, Default)]
pub struct ControlPlane {
    functions: Functions,
    revisions: Revisions,
    scripts: BTreeMap<String, Script>,
    alarms: Alarms,
    /// The alarms of other regions: what is in the release's own is not among them.
    elsewhere: BTreeMap<String, Alarms>,
    traffic: Traffic,
    deployments: Deployments,
    rate: Option<Rate>,
    settle: SignedDuration,
    slow: Option<SlowMoves>,
    deployment_page: Option<usize>,
    faults: FaultPlan,
    calls: u64,
    by_operation: BTreeMap<&'static str, u64>,
    turned_back: SignedDuration,
    moves: Vec<Move>,
}

/// An alias that was pointed somewhere else, or touched.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The function.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// Where it stood; `None`: it is new.
    pub from: Option<Routing>,
    /// Where it stands.
    pub to: Routing,
    /// Who did it.
    pub by: Mover,
}

/// Who moved an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// A call.
    Call,
    /// Somebody else: [`ControlPlane::alias`], or [`Trouble::Edited`].
    Hand,
    /// A deployment of CodeDeploy's.
    Deployment,
}

/// What stands here, for tests and pages; what a release asks goes through [`ControlPlane::call`].
impl ControlPlane {
    /// An empty one of this account and region; [`ControlPlane::default`] is in account 123456789012 in eu-west-1.
    #[must_use]
    pub fn of(place: Place) -> Self {
        let revisions = Revisions::of(&place);
        Self { functions: Functions::of(place), revisions, ..Self::default() }
    }

    /// Its account and region.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.functions.place
    }

    /// Adds a function with so many published versions, each of other code; `$LATEST` is as the newest.
    pub fn function(&mut self, name: &str, versions: u64, now: Timestamp) {
        let mut function =
            Function::new(self.place().clone(), Code::new(format!("{name}-1")), now, &mut self.revisions);
        for version in 1..=versions {
            let code = Code::new(format!("{name}-{version}"));
            // Neither a guard nor an update under way can refuse these.
            let _ = function.update(name, code, None, now, &mut self.revisions);
            let _ = function.publish(name, None, None, now, &mut self.revisions);
        }
        self.functions.insert(name, function);
    }

    /// Changes a function's `$LATEST`.
    ///
    /// # Errors
    ///
    /// When there is no such function, or an update is under way.
    pub fn code(&mut self, function: &str, code: Code, now: Timestamp) -> Result<(), Refusal> {
        let (named, function) = self.functions.get_mut(function)?;
        function.update(named.function, code, None, now, &mut self.revisions)
    }

    /// Publishes a function's `$LATEST`, and gives the version.
    ///
    /// # Errors
    ///
    /// When there is no such function.
    pub fn publish(&mut self, function: &str, now: Timestamp) -> Result<String, Refusal> {
        let (named, function) = self.functions.get_mut(function)?;
        function.publish(named.function, None, None, now, &mut self.revisions).map(|version| version.to_string())
    }

    /// Points an alias somewhere, by whatever hand: creates it, or moves it without asking for its revision.
    ///
    /// # Errors
    ///
    /// When AWS would refuse it.
    pub fn alias(&mut self, function: &str, alias: &str, to: &Routing) -> Result<(), Refusal> {
        let change = Change::to(to, None);
        match self.alias_of(function, alias) {
            // Who sets the scene does not wait for AWS.
            Some(_) => self.update_alias(function, alias, change, Mover::Hand, (None, Timestamp::UNIX_EPOCH))?,
            None => self.create_alias(function, alias, change, Mover::Hand)?,
        };
        Ok(())
    }

    /// Deletes an alias, by whatever hand.
    ///
    /// # Errors
    ///
    /// When there is no such function, or AWS would refuse it.
    pub fn delete_alias(&mut self, function: &str, alias: &str) -> Result<(), Refusal> {
        self.functions.get_mut(function)?.1.delete_alias(alias)
    }

    /// Deletes a version, by whatever hand.
    ///
    /// # Errors
    ///
    /// When there is no such function or version, or AWS would refuse it: an alias uses it, or a replica.
    pub fn delete_version(&mut self, function: &str, version: u64) -> Result<(), Refusal> {
        let (named, function) = self.functions.get_mut(function)?;
        function.delete(named.function, &version.to_string())
    }

    /// Whether a version exists; nothing is called for it.
    #[must_use]
    pub fn has_version(&self, function: &str, version: &str) -> bool {
        self.functions.get(function).is_ok_and(|(named, function)| function.version(named.function, version).is_ok())
    }

    /// How slowly AWS moves the traffic of every alias from now on; `None`: at once.
    pub fn move_slowly(&mut self, slow: Option<SlowMoves>) {
        self.slow = slow;
    }

    /// Gives a version or an alias provisioned concurrency, as it is allocated; `None` takes it away.
    ///
    /// # Errors
    ///
    /// When there is no such function.
    pub fn provision(
        &mut self,
        function: &str,
        qualifier: &str,
        status: Option<(ProvisionedStatus, Option<String>)>,
    ) -> Result<(), Refusal> {
        let (_, function) = self.functions.get_mut(function)?;
        match status {
            Some(status) => function.provisioned.insert(qualifier.to_owned(), status),
            None => function.provisioned.remove(qualifier),
        };
        Ok(())
    }

    /// What is not in order with a version or `$LATEST`; `None`: nothing.
    ///
    /// # Errors
    ///
    /// When there is no such function or version.
    pub fn condition(&mut self, function: &str, version: &str, condition: Option<Condition>) -> Result<(), Refusal> {
        let (named, function) = self.functions.get_mut(function)?;
        function.version(named.function, version)?;
        match version.parse().ok().and_then(|number: u64| function.versions.get_mut(&number)) {
            Some(version) => version.condition = condition,
            None => function.latest.condition = condition,
        }
        Ok(())
    }

    /// What becomes of the versions that are published from now on, as where SnapStart makes no snapshot; `None`: they
    /// become active.
    ///
    /// # Errors
    ///
    /// When there is no such function.
    pub fn outcome(&mut self, function: &str, outcome: Option<Condition>) -> Result<(), Refusal> {
        self.functions.get_mut(function)?.1.outcome = outcome;
        Ok(())
    }

    /// The aliases that moved since this was last asked, in order; an update that changes nothing counts.
    pub fn take_moves(&mut self) -> Vec<Move> {
        std::mem::take(&mut self.moves)
    }

    /// An alias as it stands.
    #[must_use]
    pub fn alias_of(&self, function: &str, alias: &str) -> Option<&Alias> {
        let (named, function) = self.functions.get(function).ok()?;
        function.alias(named.function, alias).ok()
    }

    /// The version that serves a request to an alias, for a `random` number from 0.0 to below 1.0.
    #[must_use]
    pub fn pick(&self, function: &str, alias: &str, random: f64) -> Option<&str> {
        self.alias_of(function, alias).map(|alias| alias.pick(random))
    }

    /// Marks a version as held by Lambda@Edge replicas, or as free of them.
    ///
    /// # Errors
    ///
    /// When there is no such version.
    pub fn replicated(&mut self, function: &str, version: u64, held: bool) -> Result<(), Refusal> {
        let (named, function) = self.functions.get_mut(function)?;
        function.version(named.function, &version.to_string())?;
        if let Some(version) = function.versions.get_mut(&version) {
            version.replicated = held;
        }
        Ok(())
    }

    /// Says what a function does when it is invoked; one that was told nothing cannot be invoked.
    pub fn script(&mut self, function: &str, script: Script) {
        self.scripts.insert(function.to_owned(), script);
    }

    /// Sets an alarm, and makes it if there is none. One that measures traffic stands so until the next minute.
    pub fn set_alarm(&mut self, name: &str, state: AlarmState, now: Timestamp) {
        self.alarms.set(name, state, now);
    }

    /// Sets a composite alarm, and makes it if there is none.
    pub fn set_composite_alarm(&mut self, name: &str, state: AlarmState, now: Timestamp) {
        self.alarms.set_composite(name, state, now);
    }

    /// Sets an alarm in another region, and makes it if there is none.
    pub fn set_alarm_in(&mut self, region: &str, name: &str, state: AlarmState, now: Timestamp) {
        self.elsewhere.entry(region.to_owned()).or_default().set(name, state, now);
    }

    /// Describes an alarm, as whoever made it would.
    pub fn describe_alarm(&mut self, name: &str, description: &str) {
        self.alarms.describe_as(name, description);
    }

    /// An alarm's state.
    #[must_use]
    pub fn alarm(&self, name: &str, now: Timestamp) -> Option<AlarmState> {
        self.alarms.state(name, &self.traffic, now)
    }

    /// What an alarm is described as.
    #[must_use]
    pub fn alarm_description(&self, name: &str) -> Option<&str> {
        self.alarms.get(name)?.description.as_deref()
    }

    /// The names of all alarms.
    pub fn alarms(&self) -> impl Iterator<Item = &str> {
        self.alarms.names()
    }

    /// Adds traffic to the minute that a moment is in: what CloudWatch would have counted.
    pub fn record_traffic(&mut self, of: Executed, at: Timestamp, invocations: u64, errors: u64) {
        self.traffic.record(of, at, invocations, errors);
    }

    /// Adds a deployment group.
    pub fn deployment_group(&mut self, application: &str, group: &str) {
        self.deployments.group(application, group);
    }

    /// Adds a deployment configuration of our own.
    pub fn deployment_config(&mut self, name: &str, strategy: Strategy) {
        self.deployments.config(name, strategy);
    }

    /// How many deployments a page of CodeDeploy's list is cut from; its length is not documented.
    pub fn deployment_pages(&mut self, most: usize) {
        self.deployment_page = Some(most.max(1));
    }

    /// Limits Lambda's control plane to so many calls a second, such as [`CONTROL_PLANE_RATE`]; `None`: to none.
    pub fn limit_rate(&mut self, per_second: Option<f64>) {
        self.rate = per_second.map(Rate::new);
    }

    /// How long new code, and a new version, is pending.
    pub fn settle(&mut self, time: Duration) {
        self.settle = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    }

    /// Says what goes wrong from now on. Calls are counted from the first that was ever made.
    pub fn fail(&mut self, faults: FaultPlan) {
        self.faults = faults;
    }

    /// How many calls were made.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// How many calls were made of each operation.
    #[must_use]
    pub fn calls_by_operation(&self) -> &BTreeMap<&'static str, u64> {
        &self.by_operation
    }

    /// By how much the caller's clock was turned back so far; AWS's own goes on.
    #[must_use]
    pub fn turned_back(&self) -> SignedDuration {
        self.turned_back
    }

    /// Lets deployments go on as far as the time allows.
    fn go_on(&mut self, now: Timestamp) {
        self.alarms.evaluate(&self.traffic, now);
        self.functions.settle(self.slow, now, &mut self.revisions);
        let mut around = Surroundings {
            functions: &mut self.functions,
            revisions: &mut self.revisions,
            alarms: &self.alarms,
            traffic: &self.traffic,
            scripts: &self.scripts,
            moves: &mut self.moves,
            slow: self.slow,
        };
        self.deployments.advance(now, &mut around);
    }
}
