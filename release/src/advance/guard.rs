//! Guard aliases: each protects a version that a rollback needs from deletion, as by a clean-up job, from before the first
//! traffic moves until the release is over. AWS refuses to delete a version that an alias points to (409,
//! `ResourceConflictException`): <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html>
//!
//! `CreateAlias` never overwrites: an alias that has the name is read, and only one whose description and version prove
//! that this release created it is used or deleted. A guard is a safeguard: where it cannot be created, that is reported
//! once and the release goes on without it.

use super::{Heard, Machine, alias, may_pass, words};
use crate::{
    AliasView, Call, CallError, Effect, ErrorKind, Lane, Routing,
    state::{Exists, Guard, Task},
};

/// The beginning of every guard's name.
const PREFIX: &str = "onebox-keep-";

/// A guard that AWS has not confirmed, and why.
type Failed = (usize, Call, CallError);

impl Machine<'_> {
    /// One guard for each function and version, however many aliases leave it.
    pub(super) fn begin_guards(&mut self) -> Task {
        let mut guards: Vec<Guard> = Vec::new();
        for lane in &self.state.lanes {
            if !guards.iter().any(|guard| protects(guard, lane)) {
                let (function, version) = (lane.function.clone(), lane.from.clone().unwrap_or_default());
                guards.push(Guard { function, version, exists: Exists::default() });
            }
        }
        let make = (0..guards.len()).collect();
        // Known before they are created: a crash leaves none behind.
        self.state.guards = guards;
        Task::Guard { make, read: Vec::new() }
    }

    /// `CreateAlias` of these guards, then `GetAlias` of those.
    pub(super) fn guard_calls(&self, make: &[usize], read: &[usize]) -> Vec<Call> {
        let create = |guard: &Guard| Call::CreateAlias {
            function: guard.function.clone(),
            alias: self.guard_name(guard),
            version: guard.version.clone(),
            description: self.guard_description(guard),
        };
        let made = make.iter().filter_map(|&index| self.state.guards.get(index)).map(create);
        made.chain(self.guard_reads(read)).collect()
    }

    /// `DeleteAlias` of these guards, which were just read, then `GetAlias` of those.
    pub(super) fn unguard_calls(&self, remove: &[usize], read: &[usize]) -> Vec<Call> {
        let delete =
            |guard: &Guard| Call::DeleteAlias { function: guard.function.clone(), alias: self.guard_name(guard) };
        let deleted = remove.iter().filter_map(|&index| self.state.guards.get(index)).map(delete);
        deleted.chain(self.guard_reads(read)).collect()
    }

    fn guard_reads(&self, read: &[usize]) -> impl Iterator<Item = Call> {
        let get = |guard: &Guard| Call::GetAlias { function: guard.function.clone(), alias: self.guard_name(guard) };
        read.iter().filter_map(|&index| self.state.guards.get(index)).map(get).collect::<Vec<_>>().into_iter()
    }

    /// `onebox-keep-<release>-<version>`: at most 96 of the 128 characters that AWS accepts, and no other version of the
    /// function has the same. <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>
    fn guard_name(&self, guard: &Guard) -> String {
        format!("{PREFIX}{}-{}", self.plan.id, guard.version)
    }

    /// Proves that this release created a guard.
    fn guard_description(&self, guard: &Guard) -> String {
        let (id, version) = (&self.plan.id, &guard.version);
        format!(
            "Made by onebox for the release {id}, and removed after it: version {version} is needed for a rollback."
        )
    }

    fn is_own_guard(&self, guard: &Guard, view: &AliasView) -> bool {
        view.description == self.guard_description(guard) && view.routing == Routing::wholly(&*guard.version)
    }

    pub(super) fn hear_guard(&mut self, make: &[usize], read: &[usize], heard: Heard) -> Effect {
        let is_first = !self.state.repeated && self.state.tries.count == 0;
        let (mut make_next, mut read_next) = (Vec::new(), Vec::new());
        let (mut failed, mut refused): (Vec<Failed>, Vec<Failed>) = Default::default();
        for (&index, (call, answer)) in make.iter().chain(read).zip(heard) {
            let Some(guard) = self.state.guards.get(index).cloned() else { continue };
            let creates = matches!(call, Call::CreateAlias { .. });
            match alias(answer) {
                Ok(view) if self.is_own_guard(&guard, &view) => self.set_exists(index, Exists::Yes),
                Ok(_) if !creates => {
                    self.set_exists(index, Exists::No);
                    self.note(format!(
                        "the alias {}:{} exists, and this release did not create it: it is left alone, and version {} is \
                         not protected from deletion",
                        guard.function,
                        self.guard_name(&guard),
                        guard.version
                    ));
                }
                Ok(_) => {
                    let error = CallError::new(ErrorKind::Unknown, "the answer shows another alias");
                    failed.push((index, call, error));
                }
                Err(error) if error.kind == ErrorKind::NotFound && !creates => make_next.push(index),
                Err(error) if may_pass(error.kind) => failed.push((index, call, error)),
                Err(error) => {
                    if creates && is_first {
                        // Refused at the only attempt: it does not exist.
                        self.set_exists(index, Exists::No);
                    }
                    refused.push((index, call, error));
                }
            }
        }
        let patient = self.are_patient(&failed);
        for (index, call, error) in failed.iter().filter(|_| patient) {
            let waits = error.kind == ErrorKind::Throttled || error.kind.is_of_caller();
            // What is in doubt, or exists already, is read.
            let again = waits && matches!(call, Call::CreateAlias { .. });
            if again { make_next.push(*index) } else { read_next.push(*index) }
        }
        if !patient {
            refused.append(&mut failed);
        }
        self.note_unprotected(refused);
        let task = Task::Guard { make: make_next, read: read_next };
        match &task {
            Task::Guard { make, read } if make.is_empty() && read.is_empty() => self.next_stage(),
            _ if failed.iter().any(|(_, _, error)| error.kind != ErrorKind::Conflict) => self.retry(task),
            _ => self.ask(task),
        }
    }

    /// Counts a failure, and reports whether the calls are worth another attempt. What waiting alone makes better counts
    /// least.
    fn are_patient(&mut self, failed: &[Failed]) -> bool {
        let kinds = || failed.iter().map(|(_, _, error)| error.kind);
        let passes = |kind: &ErrorKind| *kind == ErrorKind::Throttled || kind.is_of_caller();
        let worst = kinds().find(|kind| !passes(kind)).or_else(|| kinds().find(|kind| kind.is_of_caller()));
        let Some(worst) = worst.or_else(|| kinds().next()) else { return true };
        let mut tries = self.state.tries;
        let patient = self.is_patient(&mut tries, worst);
        self.state.tries = tries;
        patient
    }

    fn set_exists(&mut self, index: usize, exists: Exists) {
        if let Some(guard) = self.state.guards.get_mut(index) {
            guard.exists = exists;
        }
    }

    /// Reports once for each reason which versions are not protected, and what is missing.
    fn note_unprotected(&mut self, mut refused: Vec<Failed>) {
        while let Some((_, first, error)) = refused.first().cloned() {
            let same = |(_, call, other): &Failed| call.operation() == first.operation() && other.kind == error.kind;
            let (alike, others) = refused.into_iter().partition(same);
            refused = others;
            let versions: Vec<String> = alike
                .into_iter()
                .filter_map(|(index, ..)| self.state.guards.get(index))
                .map(|guard| format!("version {} of {}", guard.version, guard.function))
                .collect();
            let (operation, said) = (first.operation(), &error.message);
            let why = match error.kind {
                ErrorKind::Denied => format!(
                    "AWS does not permit {operation} ({said}). Allow lambda:{operation} on the function, or set \
                     protect = false in [release]"
                ),
                kind if may_pass(kind) => format!("{operation} failed again and again ({said})"),
                _ => format!("AWS refuses {operation} ({said})"),
            };
            self.note(format!(
                "not protected from deletion while the release is under way: {}: {why}. The release goes on",
                versions.join(", ")
            ));
        }
    }

    /// What removes the guards; `None` where there are none. Where an alias could not be put back its guard stays: a person
    /// resumes the release, and needs the version.
    pub(super) fn unguard_task(&mut self) -> Option<Task> {
        let stuck: Vec<&Lane> = self.state.lanes.iter().filter(|lane| lane.stuck.is_some()).collect();
        let guards = self.state.guards.iter().enumerate().filter(|(_, guard)| guard.exists != Exists::No);
        let (kept, read): (Vec<_>, Vec<_>) =
            guards.partition(|(_, guard)| stuck.iter().any(|lane| protects(guard, lane)));
        let read: Vec<usize> = read.into_iter().map(|(index, _)| index).collect();
        let kept: Vec<String> = kept
            .into_iter()
            .filter(|(_, guard)| guard.exists == Exists::Yes)
            .map(|(_, guard)| format!("{}:{}", guard.function, self.guard_name(guard)))
            .collect();
        if !kept.is_empty() {
            self.note(format!(
                "the way back needs what these aliases protect, so they stay until `onebox release resume` has ended the \
                 release: {}",
                kept.join(", ")
            ));
        }
        (!read.is_empty()).then_some(Task::Unguard { remove: Vec::new(), read })
    }

    /// Removes the guards, then ends the release.
    pub(super) fn unguard(&mut self) -> Effect {
        match self.unguard_task() {
            Some(task) => self.begin(task),
            None => self.finish(),
        }
    }

    pub(super) fn hear_unguard(&mut self, remove: &[usize], read: &[usize], heard: Heard) -> Effect {
        let is_first = self.state.tries.count == 0;
        let (mut found, mut failed, mut left): (Vec<usize>, Vec<Failed>, Vec<Failed>) = Default::default();
        for (&index, (call, answer)) in remove.iter().chain(read).zip(heard) {
            let Some(guard) = self.state.guards.get(index).cloned() else { continue };
            let deletes = matches!(call, Call::DeleteAlias { .. });
            let answer = if deletes { answer.map(|_| None) } else { alias(answer).map(Some) };
            match answer {
                Ok(None) => self.set_exists(index, Exists::No),
                Ok(Some(view)) if self.is_own_guard(&guard, &view) => found.push(index),
                Ok(Some(_)) => {
                    self.set_exists(index, Exists::No);
                    let name = self.guard_name(&guard);
                    self.note(format!(
                        "the alias {}:{name} is not as this release created it any more: it is left alone",
                        guard.function
                    ));
                }
                // A creation that was never confirmed may still arrive: it is read once more, after a poll.
                Err(error) if error.kind == ErrorKind::NotFound && is_first && guard.exists == Exists::Perhaps => {
                    failed.push((index, call, CallError { kind: ErrorKind::Unknown, ..error }));
                }
                Err(error) if error.kind == ErrorKind::NotFound => self.set_exists(index, Exists::No),
                Err(error) if may_pass(error.kind) => failed.push((index, call, error)),
                Err(error) => left.push((index, call, error)),
            }
        }
        let mut again: Vec<usize> = Vec::new();
        if self.are_patient(&failed) {
            again.extend(failed.iter().map(|(index, ..)| *index));
        } else {
            left.append(&mut failed);
        }
        self.note_left(&left);
        match (found.is_empty(), again.is_empty()) {
            (true, true) => self.finish(),
            // Whose they are is read again.
            (true, false) => self.retry(Task::Unguard { remove: Vec::new(), read: again }),
            (false, _) => self.ask(Task::Unguard { remove: found, read: again }),
        }
    }

    /// Reports what was perhaps left, and how a person removes it.
    fn note_left(&mut self, left: &[Failed]) {
        let Some((_, call, error)) = left.first() else { return };
        let why = words::failure(call, error);
        let commands: Vec<String> = left
            .iter()
            .filter_map(|(index, ..)| self.state.guards.get(*index))
            .map(|guard| {
                let name = self.guard_name(guard);
                format!("aws lambda delete-alias --function-name {} --name {name}", guard.function)
            })
            .collect();
        self.note(format!("guard aliases of this release were perhaps left ({why}): {}", commands.join("; ")));
    }
}

/// Whether a guard protects the version that a lane goes back to. A function has one name, whether it is given by its ARN or
/// not.
fn protects(guard: &Guard, lane: &Lane) -> bool {
    let bare = |function: &str| function.rsplit(':').next().map(str::to_owned);
    lane.from.as_ref() == Some(&guard.version) && bare(&guard.function) == bare(&lane.function)
}
