//! One release in accounts in which this or that goes wrong, and the journal that it has in each of them against the
//! strict control plane in this process. Whatever else drives or serves the same release must come to the same.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use onebox_aws::{Calls, Performed, perform};
use onebox_release::{
    AlarmState, Answer, Call, Effect, Event, Input, Plan, Record, Routing, State, advance, ending, worth_keeping,
};
use onebox_sim::control::{Around, At, ControlPlane, Fault, FaultPlan, Script, Trouble};
use serde_json::{Value, json};

/// The release, as its user writes it.
pub(crate) const PLAN: &str = include_str!("release.toml");

/// What moves. All have the versions 1 to 3, and an alias `live` on 1.
pub(crate) const FUNCTIONS: [&str; 4] = ["orders", "stock", "web-box", "web"];

/// The plan as a tree.
pub(crate) fn tree() -> Value {
    toml::from_str(PLAN).unwrap()
}

/// The plan.
pub(crate) fn plan() -> Plan {
    Plan::read(&tree()).unwrap()
}

/// An account in which something goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// How it ends, in the word of the journal.
    pub(crate) ends: &'static str,
    /// The version that all of them stand on then; `None`: not all on the same.
    pub(crate) stands: Option<&'static str>,
    /// Why the hook fails.
    hook: Option<&'static str>,
    /// What strikes an `UpdateAlias`, counted from 0: 0 and 1 are the backends' first, 2 is all of orders, 3 is the
    /// one-box, 4 and 5 are the regular side.
    strike: Option<(u64, Strike)>,
}

/// What strikes an update of an alias.
#[derive(Clone, Copy, Debug)]
enum Strike {
    Alarm,
    /// Somebody else moves this function's alias to this version just before.
    Edited(&'static str, &'static str),
    LostRequest,
    LostAnswer,
}

/// Every scenario.
pub(crate) const SCENARIOS: [Scenario; 7] = [
    Scenario { name: "good", ends: "released", stands: Some("2"), hook: None, strike: None },
    Scenario {
        name: "alarm at 10 %",
        ends: "rolled-back",
        stands: Some("1"),
        hook: None,
        strike: Some((1, Strike::Alarm)),
    },
    Scenario {
        name: "hook fails",
        ends: "rolled-back",
        stands: Some("1"),
        hook: Some("the basket is empty"),
        strike: None,
    },
    Scenario {
        name: "foreign edit",
        ends: "stuck",
        stands: None,
        hook: None,
        strike: Some((2, Strike::Edited("orders", "3"))),
    },
    // It stands as before, and has another revision: somebody is at it.
    Scenario {
        name: "stale revision",
        ends: "stuck",
        stands: None,
        hook: None,
        strike: Some((3, Strike::Edited("web-box", "1"))),
    },
    Scenario {
        name: "lost answer",
        ends: "released",
        stands: Some("2"),
        hook: None,
        strike: Some((3, Strike::LostAnswer)),
    },
    Scenario {
        name: "lost request",
        ends: "released",
        stands: Some("2"),
        hook: None,
        strike: Some((3, Strike::LostRequest)),
    },
];

impl Scenario {
    /// The account, as the strict moto's desk is told it.
    pub(crate) fn account(&self) -> Value {
        let function = || json!({ "versions": 3, "aliases": { "live": "1" } });
        let mut functions: serde_json::Map<_, _> =
            FUNCTIONS.iter().map(|name| ((*name).to_owned(), function())).collect();
        let answer = match self.hook {
            None => json!({ "status": "Succeeded" }),
            Some(reason) => json!({ "status": "Failed", "reason": reason }),
        };
        functions.insert("smoke".into(), json!({ "script": { "answer": answer } }));
        json!({ "functions": functions, "alarms": { "web-5xx": "OK" } })
    }

    /// What goes wrong, as the strict moto's desk is told it.
    pub(crate) fn faults(&self) -> Value {
        let Some((call, strike)) = self.strike else { return json!([]) };
        let mut fault = match strike {
            Strike::Alarm => json!({ "trouble": "alarm", "name": "web-5xx", "state": "ALARM" }),
            Strike::Edited(function, version) => {
                json!({ "trouble": "edited", "function": function, "alias": "live", "version": version })
            }
            Strike::LostRequest => json!({ "trouble": "lost-request" }),
            Strike::LostAnswer => json!({ "trouble": "lost-answer" }),
        };
        fault["operation"] = json!("UpdateAlias");
        fault["call"] = json!(call);
        json!([fault])
    }

    /// The same account in this process.
    fn plane(&self, now: Timestamp) -> ControlPlane {
        let mut plane = ControlPlane::default();
        for function in FUNCTIONS {
            plane.function(function, 3, now);
            plane.alias(function, "live", &Routing::wholly("1")).unwrap();
        }
        plane.set_alarm("web-5xx", AlarmState::Ok, now);
        plane.script("smoke", self.hook.map_or_else(Script::passes, Script::fails));
        let faults = self.strike.map(|(call, strike)| {
            let trouble = match strike {
                Strike::Alarm => Trouble::Alarm { name: "web-5xx".into(), state: AlarmState::Alarm },
                Strike::Edited(function, version) => Trouble::Edited {
                    function: function.into(),
                    alias: "live".into(),
                    to: Routing::wholly(version),
                    when: Around::Before,
                },
                Strike::LostRequest => Trouble::LostRequest,
                Strike::LostAnswer => Trouble::LostAnswer,
            };
            Fault { at: At::Operation("UpdateAlias", call), times: 1, trouble }
        });
        plane.fail(FaultPlan(faults.into_iter().collect()));
        plane
    }

    /// The journal of the release against the control plane in this process.
    pub(crate) async fn journal(&self) -> Vec<Record> {
        let clock = Clock::default();
        let account = Local { plane: Mutex::new(self.plane(clock.now())), clock: &clock };
        drive(&plan(), &account, &clock).await
    }
}

/// A clock that goes only where somebody waits.
pub(crate) struct Clock(Mutex<Timestamp>);

impl Default for Clock {
    fn default() -> Self {
        Self(Mutex::new("2026-11-20T12:00:00Z".parse().unwrap()))
    }
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, until: Timestamp) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = until.max(*now);
    }
}

/// The control plane in this process, as a performer.
pub(crate) struct Local<'a> {
    pub(crate) plane: Mutex<ControlPlane>,
    pub(crate) clock: &'a Clock,
}

impl Calls for Local<'_> {
    async fn call(&self, call: &Call) -> Answer {
        self.plane.lock().unwrap_or_else(PoisonError::into_inner).call(call, self.clock.now())
    }
}

/// Drives a release until it stops, and writes down what a journal keeps.
pub(crate) async fn drive<C: Calls>(plan: &Plan, calls: &C, clock: &Clock) -> Vec<Record> {
    let (mut state, _) = advance(plan, State::new(plan, clock.now()), clock.now(), Input::Resume);
    let mut records = Vec::new();
    loop {
        keep(&mut records, &state, clock);
        state = match &state.effect {
            Effect::Wait { until } => {
                clock.wait(*until);
                // What goes by the machine's own clock, as a deployment does, goes on meanwhile.
                tokio::time::sleep(Duration::from_millis(5)).await;
                advance(plan, state, clock.now(), Input::Woke).0
            }
            _ if ending(&state).is_some() => return records,
            _ => {
                let noted = |state: &State| keep(&mut records, state, clock);
                match perform(plan, state, calls, || clock.now(), noted).await {
                    Performed::Heard(state, input) => advance(plan, state, clock.now(), input).0,
                    Performed::Wants(state) | Performed::Stopped(state) => state,
                }
            }
        };
    }
}

fn keep(records: &mut Vec<Record>, state: &State, clock: &Clock) {
    if worth_keeping(state) {
        records.push(Record::new(records.len() as u64 + 1, clock.now(), 0, state.clone()));
    }
}

/// What happened, in words: without the region, which each scenario has to itself, and without the gaps between
/// observations, which depend on how busy this machine is.
pub(crate) fn events<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<String> {
    let told = |event: &&Event| !matches!(event, Event::Located { .. } | Event::NotObserved { .. });
    records.into_iter().flat_map(Record::events).filter(told).map(Event::to_string).collect()
}

/// How a journal ends, in one word.
pub(crate) fn end(records: &[Record]) -> String {
    let ending = records.last().and_then(Record::ending);
    serde_json::to_value(ending).unwrap()["ending"].as_str().unwrap_or_default().to_owned()
}
