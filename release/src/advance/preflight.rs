//! The preflight: everything is read, nothing is changed, and every reason against the release is found in one run.

use std::time::Duration;

use super::{Heard, Machine, alias, prove::place, ready, version, words};
use crate::{
    Alarm, AlarmState, AlarmView, Call, CallError, Effect, Ending, ErrorKind, Event, MissingData, Plan, Reply, Target,
    VersionView,
    state::{Fit, Task},
};

const LATEST: &str = "$LATEST";

impl Machine<'_> {
    pub(super) fn read_calls(&self) -> Vec<Call> {
        let alarms = self.alarm_calls().into_iter();
        let aliases = self.alias_calls(&self.all());
        let targets = self.shifts.iter().map(|shift| Call::GetVersion {
            function: shift.function.clone(),
            version: match &shift.target {
                Target::Version(version) => version.clone(),
                Target::Latest | Target::Zip { .. } => LATEST.to_owned(),
            },
        });
        alarms.chain(aliases).chain(targets).collect()
    }

    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.state.lanes.len()).collect()
    }

    /// `GetAlias` of these lanes.
    pub(super) fn alias_calls(&self, lanes: &[usize]) -> Vec<Call> {
        let lanes = lanes.iter().filter_map(|&index| self.state.lanes.get(index));
        lanes.map(|lane| Call::GetAlias { function: lane.function.clone(), alias: lane.alias.clone() }).collect()
    }

    pub(super) fn hear_read(&mut self, heard: Heard) -> Effect {
        if let Some(effect) = self.again(&heard) {
            return effect;
        }
        let mut reasons = self.zips_that_differ();
        if self.state.lanes.is_empty() {
            reasons.push(
                "expected an alias that moves; the plan has none: add a backend, a one-box or a regular side".into(),
            );
        }
        self.locate(&heard, &mut reasons);
        let (mut aliases, mut targets, mut pending) = (0, 0, Vec::new());
        for (call, answer) in heard {
            match &call {
                Call::GetAlias { .. } => {
                    self.check_alias(aliases, &call, alias(answer), &mut reasons);
                    aliases += 1;
                }
                Call::GetVersion { .. } => {
                    self.check_target(targets, &call, version(answer), &mut reasons, &mut pending);
                    targets += 1;
                }
                _ => self.check_alarms(&call, answer, &mut reasons),
            }
        }
        if let Some(effect) = self.await_ready(Task::Read, pending, &mut reasons) {
            return effect;
        }
        if reasons.is_empty() { self.begin(Task::ReadCurrent) } else { self.refuse(reasons) }
    }

    /// Takes the account and region from the answers, and holds them against each other and against the plan.
    fn locate(&mut self, heard: &Heard, reasons: &mut Vec<String>) {
        let found = || heard.iter().filter_map(|(call, answer)| Some((call, place(answer)?)));
        let Some((_, first)) = found().next() else { return };
        for (call, other) in found().filter(|(_, other)| *other != first) {
            reasons
                .push(format!("{} is in {other}, and others are in {first}: release them apart", words::subject(call)));
        }
        for (call, found) in found() {
            let named = words::named_place(call).filter(|named| named != found);
            reasons.extend(named.map(|named| {
                format!(
                    "{}: its ARN is in {named}, and AWS answers for {found}: use the region and the credentials that are meant \
                     (--region, --profile)",
                    words::subject(call)
                )
            }));
        }
        let hooks = self.shifts.iter().flat_map(|shift| [&shift.before, &shift.after]).flatten();
        // A hook may belong to another account that permits it; Lambda invokes in its own region alone.
        let far = hooks.filter_map(|hook| Some((hook, crate::Place::of_arn(hook)?)));
        let far = far.filter(|(_, of_hook)| of_hook.region != first.region);
        reasons.extend(far.map(|(hook, of_hook)| {
            format!(
                "the hook {hook} is in {}, and this release in {}: name one of its region",
                of_hook.region, first.region
            )
        }));
        let wrong = |(what, planned, found): (&str, &Option<String>, &String)| {
            let planned = planned.as_ref().filter(|planned| *planned != found)?;
            Some(format!(
                "release.{what} is {planned}, and AWS answers for {first}: use the credentials that are meant (--profile), \
                 or change the plan"
            ))
        };
        let Plan { region, account, .. } = self.plan;
        reasons.extend(
            [("region", region, &first.region), ("account", account, &first.account)].into_iter().filter_map(wrong),
        );
        let place = first.clone();
        if self.state.place.as_ref() != Some(&place) {
            self.tell(Event::Located { account: place.account.clone(), region: place.region.clone() });
            self.state.place = Some(place);
        }
    }

    /// Ends the release before it changed anything; what is said twice is said once.
    pub(super) fn refuse(&mut self, reasons: Vec<String>) -> Effect {
        let mut said: Vec<String> = Vec::new();
        for reason in reasons {
            if !said.contains(&reason) {
                said.push(reason);
            }
        }
        self.end(Ending::Refused(said))
    }

    fn check_alarms(&mut self, call: &Call, answer: Result<Reply, CallError>, reasons: &mut Vec<String>) {
        let views = match answer {
            Ok(Reply::Alarms(views)) => views,
            Ok(_) => Vec::new(),
            Err(error) => return reasons.push(words::failure(call, &error)),
        };
        let Call::DescribeAlarms { names, region } = call else { return };
        let plan = self.plan;
        for alarm in plan.watched().filter(|alarm| alarm.region == *region && names.contains(&alarm.name)) {
            let view = views.iter().find(|view| view.name == alarm.name);
            if let Some(view) = view {
                self.begin_accounts(&alarm.name, region.as_deref(), view);
            }
            match check_alarm(alarm, view) {
                Ok(None) => {}
                Ok(Some(note)) => self.note_once(note),
                Err(reason) => reasons.push(reason),
            }
        }
    }

    fn check_alias(
        &mut self,
        index: usize,
        call: &Call,
        view: Result<crate::AliasView, CallError>,
        reasons: &mut Vec<String>,
    ) {
        let (Some(lane), Some(shift)) = (self.state.lanes.get_mut(index), self.shifts.get(index)) else { return };
        let name = lane.name();
        let view = match view {
            Ok(view) => view,
            Err(error) => return reasons.push(words::failure(call, &error)),
        };
        let version = &view.routing.version;
        if view.routing.additional.is_some() {
            reasons.push(format!(
                "{name} already carries a weight: {}. Another release is under way, or was left, or AWS is still moving \
                 traffic: let it end; where its journal is lost, `onebox release adopt {name}` puts the alias right",
                words::routing(&view.routing)
            ));
        } else if version == LATEST {
            reasons.push(format!(
                "{name} stands on $LATEST, and AWS gives that no weight: put it on a version first, such as `onebox alias \
                 set {} {} --version N`",
                lane.function, lane.alias
            ));
        } else if shift.target == Target::Version(version.clone()) {
            reasons.push(format!("{name} is already on version {version}: there is nothing to release"));
        }
        lane.from = Some(view.routing.version);
        lane.revision = Some(view.revision);
    }

    fn check_target(
        &mut self,
        index: usize,
        call: &Call,
        view: Result<VersionView, CallError>,
        reasons: &mut Vec<String>,
        pending: &mut Vec<(String, Duration)>,
    ) {
        let (Some(lane), Some(shift)) = (self.state.lanes.get_mut(index), self.shifts.get(index)) else { return };
        match view {
            Ok(view) => {
                let state = match &shift.target {
                    Target::Version(_) => ready::target(&lane.function, &view),
                    target => ready::source(&lane.function, &view, ready::is_replaced(target)),
                };
                match &shift.target {
                    Target::Version(version) => lane.to = Some(version.clone()),
                    Target::Latest => (lane.sha256, lane.latest) = (Some(view.sha256), view.revision),
                    Target::Zip { sha256, .. } => lane.sha256 = Some(sha256.clone()),
                }
                lane.fit = Some(Fit { role: view.role, dead_letter: view.dead_letter });
                self.take_ready(state, reasons, pending);
            }
            Err(error) => reasons.push(words::failure(call, &error)),
        }
    }

    pub(super) fn current_calls(&self) -> Vec<Call> {
        let current = |lane: &crate::Lane| Call::GetVersion {
            function: lane.function.clone(),
            version: lane.from.clone().unwrap_or_default(),
        };
        self.state.lanes.iter().map(current).collect()
    }

    pub(super) fn hear_current(&mut self, heard: Heard) -> Effect {
        if let Some(effect) = self.again(&heard) {
            return effect;
        }
        let (mut reasons, mut pending, mut states) = (Vec::new(), Vec::new(), Vec::new());
        for (lane, (call, answer)) in self.state.lanes.iter_mut().zip(heard) {
            match version(answer) {
                Ok(view) => {
                    states.push(ready::current(&lane.function, &view));
                    let target = lane.to.as_deref().unwrap_or(LATEST);
                    let fit = Fit { role: view.role, dead_letter: view.dead_letter };
                    if let Some(wanted) = &lane.fit {
                        reasons.extend(misfits(&lane.name(), (&view.version, &fit), (target, wanted)));
                    }
                    // What is published later is compared with what the alias stands on.
                    lane.fit = Some(fit);
                }
                Err(error) => reasons.push(words::failure(&call, &error)),
            }
        }
        for state in states {
            self.take_ready(state, &mut reasons, &mut pending);
        }
        if let Some(effect) = self.await_ready(Task::ReadCurrent, pending, &mut reasons) {
            return effect;
        }
        if !reasons.is_empty() {
            return self.refuse(reasons);
        }
        self.begin(Task::Provisioned)
    }

    /// Nothing speaks against the release.
    pub(super) fn leave_preflight(&mut self) -> Effect {
        for ignored in &self.plan.ignored {
            self.note(format!("the alarm {} is not looked at: {}", ignored.alarm, ignored.because));
        }
        self.next_stage()
    }

    /// Two zip files cannot both be one function's `$LATEST`.
    fn zips_that_differ(&self) -> Vec<String> {
        let zips = self.shifts.iter().filter(|shift| !matches!(shift.target, Target::Version(_)));
        let zips: Vec<_> = zips.collect();
        let mut reasons = Vec::new();
        for (index, shift) in zips.iter().enumerate() {
            let differs = |other: &&&crate::Shift| other.function == shift.function && other.target != shift.target;
            if zips.iter().take(index).any(differs) {
                let function = &shift.function;
                reasons
                    .push(format!("{function} would get its code from two places: give its aliases the same target"));
            }
        }
        reasons
    }
}

/// Why a release does not begin under an alarm; or what should be known about it.
fn check_alarm(alarm: &Alarm, view: Option<&AlarmView>) -> Result<Option<String>, String> {
    let Some(view) = view else {
        let owner = match &alarm.account {
            Some(account) => format!(
                " for these credentials, if they are not of the account {account}: CloudWatch shows alarms to their own \
                 account only"
            ),
            None => "; check its name, and the region: a wrong one is a likely cause".to_owned(),
        };
        return Err(format!("the alarm {alarm} does not exist{owner}"));
    };
    // arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:NAME
    let found = view.arn.as_deref().and_then(|arn| arn.split(':').nth(4));
    if let (Some(wanted), Some(found)) = (alarm.account.as_deref(), found)
        && wanted != found
    {
        return Err(format!(
            "the alarm {alarm} is in the account {wanted}, and these credentials are of {found}: CloudWatch shows alarms \
             to their own account only"
        ));
    }
    match (view.state, alarm.missing_data) {
        (AlarmState::Ok, _) | (AlarmState::InsufficientData, MissingData::Ok) => Ok(None),
        (AlarmState::InsufficientData, MissingData::Hold) => {
            Ok(Some(format!("the alarm {alarm} has no data (INSUFFICIENT_DATA): it holds the release until it has")))
        }
        (AlarmState::InsufficientData, MissingData::RollBack) => Err(format!(
            "the alarm {alarm} has no data (INSUFFICIENT_DATA), and by its missing_data that would send everything back. \
             Wait until it has"
        )),
        (AlarmState::Alarm, _) => Err(format!(
            "the alarm {alarm} is in ALARM already: it would send everything back. Wait until it is OK, or ignore it: \
             `--ignore-alarm {} --because \"…\"`",
            alarm.name
        )),
    }
}

/// Why two versions cannot share an alias: <https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html>.
pub(super) fn misfits(name: &str, from: (&str, &Fit), to: (&str, &Fit)) -> Vec<String> {
    let none = "none";
    let queue = |fit: &Fit| fit.dead_letter.clone().unwrap_or_else(|| none.to_owned());
    let rules =
        [("execution role", from.1.role.clone(), to.1.role.clone()), ("dead-letter queue", queue(from.1), queue(to.1))];
    let differing = rules.into_iter().filter(|(_, old, new)| old != new);
    let sentence = |(what, old, new)| {
        format!(
            "{name}: versions {} and {} cannot share an alias: their {what} differs ({old}, {new}). Give the new version \
             the same, or move the alias at once by hand",
            from.0, to.0
        )
    };
    differing.map(sentence).collect()
}

/// An error that says what is wrong with an answer, as if AWS had said so.
pub(super) fn wrong(message: impl Into<String>) -> CallError {
    CallError::new(ErrorKind::Invalid, message)
}
