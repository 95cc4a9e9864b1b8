//! What both versions served, minute by minute, each minute counted once.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    Heard, Machine,
    time::{earlier, later, minute, next_minute},
};
use crate::{
    Call, Counts, Effect, Event, Executed, Judge, Lane, Minute, Percent, Reply, Stage, Verdict,
    state::{Task, Traffic},
};

const MINUTE: Duration = Duration::from_secs(60);

/// Two versions each; `GetMetricData` takes so many versions at once.
const LANES: usize = 125;

impl Machine<'_> {
    /// Where CloudWatch has not settled, a minute does not count yet. A rehearsal without that time counts the running
    /// minute too.
    fn counts_running_minute(&self) -> bool {
        self.plan.health.settled.is_zero()
    }

    /// The end of what may be counted: minutes from here on may still change.
    fn settled(&self) -> Timestamp {
        if self.counts_running_minute() {
            later(minute(self.now), MINUTE)
        } else {
            minute(earlier(self.now, self.plan.health.settled))
        }
    }

    /// The first minute that counts for a lane whose first traffic is now.
    pub(super) fn first_minute(&self) -> Timestamp {
        if self.counts_running_minute() { minute(self.now) } else { next_minute(self.now) }
    }

    /// The lanes whose traffic matters now and has something new to count.
    fn measured(&self) -> Vec<usize> {
        let health = &self.plan.health;
        let matters = |&index: &usize| match self.state.stage {
            Stage::Shift(group) => self.state.lanes.get(index).is_some_and(|lane| {
                let proves = health.min_requests > 0 || health.comparison.is_some();
                lane.group == group && proves && lane.percent > Percent::NONE && lane.percent < Percent::ALL
            }),
            Stage::Bake | Stage::FinalBake => self.is_unserved(index),
            _ => false,
        };
        let settled = self.settled();
        let is_new = |&index: &usize| {
            let lane = self.state.lanes.get(index);
            lane.and_then(|lane| lane.traffic.until).is_some_and(|until| until < settled)
        };
        self.all().into_iter().filter(|index| matters(index) && is_new(index)).collect()
    }

    pub(super) fn traffic_calls(&self) -> Vec<Call> {
        let to = self.settled();
        let call = |lanes: &[usize]| {
            let lanes: Vec<&Lane> = lanes.iter().filter_map(|&index| self.state.lanes.get(index)).collect();
            let from = lanes.iter().filter_map(|lane| lane.traffic.until).min()?;
            let executed = |lane: &Lane, version: &Option<String>| Executed {
                function: lane.function.clone(),
                alias: lane.alias.clone(),
                version: version.clone().unwrap_or_default(),
            };
            let of = lanes.iter().flat_map(|lane| [executed(lane, &lane.from), executed(lane, &lane.to)]).collect();
            Some(Call::GetMetricData { of, from, to })
        };
        self.measured().chunks(LANES).filter_map(call).collect()
    }

    pub(super) fn hear_traffic(&mut self, heard: Heard) -> Effect {
        let judge = self.plan.health.comparison.map(|comparison| Judge::new(&comparison, self.state.lanes.len()));
        self.state.unread = None;
        let mut worse = Vec::new();
        for (call, answer) in heard {
            let Call::GetMetricData { of, to, .. } = call else { continue };
            let series = match answer {
                Ok(Reply::Traffic(series)) => series,
                Ok(_) => {
                    self.state.unread = Some("the answer was another".to_owned());
                    continue;
                }
                Err(error) => {
                    self.state.unread = Some(error.message);
                    continue;
                }
            };
            for (executed, pair) in of.chunks(2).zip(series.chunks(2)) {
                if let ([Executed { function, alias, .. }, _], [old, new]) = (executed, pair) {
                    let lanes = self.state.lanes.iter();
                    let index = lanes.clone().position(|lane| (&lane.function, &lane.alias) == (function, alias));
                    worse.extend(index.and_then(|index| self.count(index, old, new, to, judge.as_ref())));
                }
            }
        }
        match worse.first() {
            // Nothing is decided by alarms that were read long ago: the machine may have slept since.
            None if self.is_stale() => self.begin(Task::Watch),
            None => self.decide(),
            Some(reason) => self.roll_back(reason.clone()),
        }
    }

    /// Counts what is new up to a time; a reason to put everything back where the new version is worse.
    fn count(
        &mut self,
        index: usize,
        old: &[Minute],
        new: &[Minute],
        to: Timestamp,
        judge: Option<&Judge>,
    ) -> Option<String> {
        let running = self.counts_running_minute().then(|| earlier(to, MINUTE));
        let lane = self.state.lanes.get_mut(index)?;
        let from = lane.traffic.until?;
        let step = if running.is_some() { from } else { next_minute(lane.since?) };
        // What was served while nobody watched the alarms proves nothing.
        let proven =
            lane.traffic.proven_from.map(|from| if running.is_some() { minute(from) } else { next_minute(from) });
        let step = proven.map_or(step, |proven| proven.max(step));
        let mut last = (Counts::default(), Counts::default());
        for (at, (old, new)) in minutes(old, new).range(from..to) {
            let known = if *at == from { lane.traffic.part } else { Default::default() };
            let (old_now, new_now) = (less(*old, known.0), less(*new, known.1));
            if let Some(judge) = judge {
                lane.traffic.evidence.add(judge, old_now, new_now);
            }
            if *at >= step {
                lane.traffic.requests = lane.traffic.requests.saturating_add(new_now.requests);
            }
            if Some(*at) == running {
                last = (*old, *new);
            }
        }
        // What was counted of the running minute is not forgotten where an answer misses it.
        let kept = if running == Some(from) { lane.traffic.part } else { Default::default() };
        lane.traffic.part = (most(last.0, kept.0), most(last.1, kept.1));
        lane.traffic.until = Some(running.unwrap_or(to));
        let (name, new_version) = (lane.name(), lane.to.clone().unwrap_or_default());
        let (verdict, event) = report(lane, judge?)?;
        self.tell(event);
        (verdict == Verdict::ProvenWorse)
            .then(|| format!("{name}: version {new_version} fails more often than the old one"))
    }
}

/// A change of verdict.
fn report(lane: &mut Lane, judge: &Judge) -> Option<(Verdict, Event)> {
    let Traffic { evidence, verdict: told, .. } = &mut lane.traffic;
    let verdict = evidence.verdict(judge);
    if told.unwrap_or(Verdict::NotProven) == verdict {
        return None;
    }
    *told = Some(verdict);
    let (function, alias) = (lane.function.clone(), lane.alias.clone());
    Some((verdict, Event::Judged { function, alias, verdict: lane.traffic.evidence.figures(judge) }))
}

/// Both versions' counts, by minute.
fn minutes(old: &[Minute], new: &[Minute]) -> BTreeMap<Timestamp, (Counts, Counts)> {
    let mut minutes: BTreeMap<Timestamp, (Counts, Counts)> = BTreeMap::new();
    let counts = |minute: &Minute| Counts::new(minute.invocations, minute.errors.min(minute.invocations));
    for seen in old {
        minutes.entry(seen.at).or_default().0 = counts(seen);
    }
    for seen in new {
        minutes.entry(seen.at).or_default().1 = counts(seen);
    }
    minutes
}

fn less(counts: Counts, known: Counts) -> Counts {
    Counts::new(counts.requests.saturating_sub(known.requests), counts.errors.saturating_sub(known.errors))
}

fn most(left: Counts, right: Counts) -> Counts {
    Counts::new(left.requests.max(right.requests), left.errors.max(right.errors))
}
