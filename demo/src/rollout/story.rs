//! What happened: stages, events, who moved how far, and how long it took.

use std::time::Instant;

use onebox_release::{Call, Effect, Ending, Event, Group, Stage, State, ending, is_final};
use serde::Serialize;

/// A release, as it is told.
#[derive(Clone, Debug)]
pub(super) struct Story {
    began: Instant,
    stages: Vec<Passed>,
    lines: Vec<Line>,
    lanes: Vec<Moving>,
    verdict: Option<String>,
    alarm: Option<Alarmed>,
    ending: Option<Ending>,
    phase: Phase,
}

/// A part of the show, as visitors see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing was moved yet.
    Before,
    /// Something moves, or may.
    Meanwhile,
    /// The release is over.
    After,
}

/// A stage that began.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Passed {
    /// In the machine's words.
    pub(super) stage: String,
    /// How long it took; none while it lasts.
    pub(super) seconds: Option<f64>,
    #[serde(skip)]
    began: f64,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Line {
    /// So many seconds after the release began.
    pub(super) at: f64,
    /// What, in the machine's words.
    pub(super) text: String,
    /// Whether it is bad news.
    pub(super) bad: bool,
}

/// An alias on its way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Moving {
    /// Its group.
    pub(super) group: Group,
    /// The function.
    pub(super) function: String,
    /// The alias, as `function:alias`.
    pub(super) alias: String,
    /// The versions.
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    /// The new version's part, `0.0..=1.0`.
    pub(super) part: f64,
}

/// An alarm that was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Alarmed {
    /// Its name.
    pub(super) name: String,
    /// So many seconds after the release began.
    pub(super) at: f64,
    /// From the poll that saw it until the last alias was back.
    pub(super) to_put_back_ms: Option<f64>,
}

impl Story {
    /// A story that begins now.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            stages: Vec::new(),
            lines: Vec::new(),
            lanes: Vec::new(),
            verdict: None,
            alarm: None,
            ending: None,
            phase: Phase::Before,
        }
    }

    /// Takes what a step of the machine led to, before what it wants is performed.
    pub(super) fn note(&mut self, state: &State) {
        let now = self.seconds();
        for event in &state.events {
            self.take(event, now);
        }
        self.lanes = state.lanes.iter().map(moving).collect();
        self.ending = ending(state).cloned();
        if self.ending.as_ref().is_some_and(is_final) {
            self.phase = Phase::After;
            self.leave(now);
        } else if self.phase == Phase::Before && moves(&state.effect) {
            self.phase = Phase::Meanwhile;
        }
    }

    fn take(&mut self, event: &Event, now: f64) {
        match event {
            Event::Entered { stage } => self.enter(stage.clone(), now),
            Event::RollingBack { .. } => self.enter(Stage::RollBack.to_string(), now),
            Event::AlarmFired { alarm, .. } if self.alarm.is_none() => {
                self.alarm = Some(Alarmed { name: alarm.clone(), at: now, to_put_back_ms: None });
            }
            Event::PutBack { .. } => {
                if let Some(alarm) = &mut self.alarm {
                    alarm.to_put_back_ms = Some(rounded(1000.0 * (now - alarm.at)));
                }
            }
            Event::Judged { verdict, .. } => self.verdict = Some(verdict.clone()),
            _ => {}
        }
        let bad = match event {
            Event::AlarmFired { .. } | Event::RollingBack { .. } | Event::Held { .. } => true,
            Event::Ended { ending } => *ending != Ending::Released,
            _ => false,
        };
        self.lines.push(Line { at: rounded(now), text: event.to_string(), bad });
    }

    fn enter(&mut self, stage: String, now: f64) {
        self.leave(now);
        self.stages.push(Passed { stage, seconds: None, began: now });
    }

    fn leave(&mut self, now: f64) {
        if let Some(last) = self.stages.last_mut().filter(|stage| stage.seconds.is_none()) {
            last.seconds = Some(rounded(now - last.began));
        }
    }

    /// How long it has been told.
    pub(super) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Where visitors are in it.
    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// How it ended, or why it stopped.
    pub(super) fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// The stages that began.
    pub(super) fn stages(&self) -> &[Passed] {
        &self.stages
    }

    /// Everything that happened.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The aliases.
    pub(super) fn lanes(&self) -> &[Moving] {
        &self.lanes
    }

    /// What the comparison said last.
    pub(super) fn verdict(&self) -> Option<&str> {
        self.verdict.as_deref()
    }

    /// The first alarm that was seen.
    pub(super) fn alarm(&self) -> Option<&Alarmed> {
        self.alarm.as_ref()
    }
}

/// To thousandths.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn moving(lane: &onebox_release::Lane) -> Moving {
    Moving {
        group: lane.group,
        function: lane.function.clone(),
        alias: format!("{}:{}", lane.function, lane.alias),
        from: lane.from.clone(),
        to: lane.to.clone(),
        part: lane.percent.weight(),
    }
}

fn moves(effect: &Effect) -> bool {
    matches!(effect, Effect::Call { calls, .. } if calls.iter().any(|call| matches!(call, Call::UpdateAlias { .. })))
}
