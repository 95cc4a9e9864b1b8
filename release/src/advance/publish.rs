//! Publishing: a zip file becomes `$LATEST`, `$LATEST` becomes a version.

use super::{Heard, Machine, preflight, ready, version, words};
use crate::{Call, Effect, ErrorKind, Event, Reply, Target, state::Task};

impl Machine<'_> {
    /// The functions that get new code: each once, however many of its aliases move.
    pub(super) fn uploads(&self) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::new();
        for shift in &self.shifts {
            if let Target::Zip { path, sha256 } = &shift.target {
                let (function, zip, sha256) = (shift.function.clone(), path.clone(), sha256.clone());
                let call = Call::UpdateFunctionCode { function, zip, sha256 };
                if !calls.contains(&call) {
                    calls.push(call);
                }
            }
        }
        calls
    }

    pub(super) fn upload_calls(&mut self) -> Vec<Call> {
        self.uploads()
    }

    pub(super) fn hear_upload(&mut self, heard: Heard) -> Effect {
        // Perhaps applied counts as changed.
        let applied = |answer: &crate::Answer| !matches!(answer, Err(error) if error.kind != ErrorKind::Unknown);
        self.state.published |= heard.iter().any(|(_, answer)| applied(answer));
        if let Some(effect) = self.await_update(&heard) {
            return effect;
        }
        if !is_late(&heard)
            && let Some(effect) = self.again(&heard)
        {
            return effect;
        }
        let mut reasons = Vec::new();
        for (call, answer) in &heard {
            let Call::UpdateFunctionCode { sha256, function, zip } = call else { continue };
            match answer {
                Ok(Reply::Code { sha256: code, revision }) if code == sha256 => {
                    let lanes = self.state.lanes.iter_mut().filter(|lane| lane.function == *function);
                    lanes.for_each(|lane| lane.latest.clone_from(revision));
                }
                Ok(_) => {
                    reasons.push(format!("{function} has other code than {zip}: somebody else uploads too. Try again"))
                }
                Err(error) => reasons.push(ready::refusal(call, error)),
            }
        }
        if reasons.is_empty() { self.begin(Task::Publish) } else { self.fail(reasons) }
    }

    pub(super) fn publish_calls(&self) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::new();
        for (shift, lane) in self.shifts.iter().zip(&self.state.lanes) {
            if let (Target::Latest | Target::Zip { .. }, Some(sha256)) = (&shift.target, &lane.sha256) {
                let (function, revision) = (shift.function.clone(), lane.latest.clone());
                let call = Call::PublishVersion { function, sha256: sha256.clone(), revision };
                if !calls.contains(&call) {
                    calls.push(call);
                }
            }
        }
        calls
    }

    pub(super) fn hear_publish(&mut self, heard: Heard) -> Effect {
        // An answer that was lost may have published.
        self.state.published |=
            heard.iter().any(|(_, answer)| matches!(answer, Err(error) if error.kind == ErrorKind::Unknown));
        self.forget_revisions(&heard);
        if let Some(effect) = self.await_update(&heard) {
            return effect;
        }
        if heard.iter().any(|(call, answer)| is_stale(answer) && self.is_unguarded(call)) {
            return self.ask(Task::Publish);
        }
        if !is_late(&heard)
            && !heard.iter().any(|(_, answer)| is_stale(answer))
            && let Some(effect) = self.again(&heard)
        {
            return effect;
        }
        let mut reasons = Vec::new();
        for (call, answer) in heard {
            let Call::PublishVersion { function, .. } = &call else { continue };
            match answer {
                Ok(Reply::Published(version)) => self.take_published(function, &version, &mut reasons),
                Ok(_) => reasons.push(words::failure(&call, &preflight::wrong("expected the version's number"))),
                Err(error) => reasons.push(ready::refusal(&call, &error)),
            }
        }
        if reasons.is_empty() { self.begin(Task::ReadPublished) } else { self.fail(reasons) }
    }

    /// After a publication, after a lost answer, and where another driver may have published, the revision that was read proves
    /// nothing: publishing changes the revision of `$LATEST` itself, and where another function of the batch has to be tried
    /// again, so is this one. The code is still guarded, and what is unchanged is not published
    /// twice. <https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html>
    fn forget_revisions(&mut self, heard: &Heard) {
        let repeated = self.state.repeated;
        for (call, answer) in heard {
            let Call::PublishVersion { function, .. } = call else { continue };
            let is_past = match answer {
                Ok(_) => true,
                Err(error) => error.kind == ErrorKind::Unknown || (repeated && error.kind == ErrorKind::Precondition),
            };
            if is_past {
                let lanes = self.state.lanes.iter_mut().filter(|lane| lane.function == *function);
                lanes.for_each(|lane| lane.latest = None);
            }
        }
    }

    /// Whether a call carried a revision that does not count any more.
    fn is_unguarded(&self, call: &Call) -> bool {
        let Call::PublishVersion { function, revision: Some(_), .. } = call else { return false };
        self.state.lanes.iter().any(|lane| lane.function == *function && lane.latest.is_none())
    }

    fn take_published(&mut self, function: &str, version: &str, reasons: &mut Vec<String>) {
        let mut is_new = false;
        for (lane, shift) in self.state.lanes.iter_mut().zip(&self.shifts) {
            if lane.function != function || matches!(shift.target, Target::Version(_)) {
                continue;
            }
            if lane.from.as_deref() == Some(version) {
                reasons.push(format!(
                    "{} is already on version {version}, which is this code: there is nothing new",
                    lane.name()
                ));
            } else {
                is_new = true;
            }
            lane.to = Some(version.to_owned());
        }
        if is_new {
            self.state.published = true;
            self.tell(Event::Published { function: function.to_owned(), version: version.to_owned() });
        }
    }

    pub(super) fn published_calls(&self) -> Vec<Call> {
        let published = self.state.lanes.iter().filter(|lane| lane.sha256.is_some());
        let call = |lane: &crate::Lane| Call::GetVersion {
            function: lane.function.clone(),
            version: lane.to.clone().unwrap_or_default(),
        };
        published.map(call).collect()
    }

    pub(super) fn hear_published(&mut self, heard: Heard) -> Effect {
        if let Some(effect) = self.again(&heard) {
            return effect;
        }
        let (mut reasons, mut pending, mut states) = (Vec::new(), Vec::new(), Vec::new());
        let published = self.state.lanes.iter().filter(|lane| lane.sha256.is_some());
        for (lane, (call, answer)) in published.zip(heard) {
            match version(answer) {
                Ok(view) => {
                    states.push(ready::target(&lane.function, &view));
                    if lane.sha256.as_ref() != Some(&view.sha256) {
                        reasons.push(format!(
                            "version {} of {} has other code than was published: somebody else publishes too. Try again",
                            view.version, lane.function
                        ));
                    }
                    let fit = crate::state::Fit { role: view.role, dead_letter: view.dead_letter };
                    if let (Some(old), Some(from)) = (&lane.fit, &lane.from) {
                        reasons.extend(preflight::misfits(&lane.name(), (from, old), (&view.version, &fit)));
                    }
                }
                Err(error) => reasons.push(words::failure(&call, &error)),
            }
        }
        for state in states {
            self.take_ready(state, &mut reasons, &mut pending);
        }
        if let Some(effect) = self.await_ready(Task::ReadPublished, pending, &mut reasons) {
            return effect;
        }
        if reasons.is_empty() { self.next_stage() } else { self.fail(reasons) }
    }
}

/// Whether the revision that was read is not the latest.
fn is_stale(answer: &crate::Answer) -> bool {
    matches!(answer, Err(error) if error.kind == ErrorKind::Precondition)
}

/// Whether another update is still in progress, after all the time that it may take.
fn is_late(heard: &Heard) -> bool {
    heard.iter().any(|(_, answer)| matches!(answer, Err(error) if error.kind == ErrorKind::Conflict))
}
