//! Whether a version can take traffic, and whether `$LATEST` can be published, by their states:
//! <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>.
//!
//! What is under way is waited for, as long as AWS's own waiters do:
//! <https://github.com/boto/botocore/blob/develop/botocore/data/lambda/2015-03-31/waiters-2.json>.

use std::time::Duration;

use super::{Heard, Machine, words};
use crate::{Call, Effect, ErrorKind, Target, UpdateStatus, VersionState, VersionView, state::Task};

/// How long an update of `$LATEST` may take: `function_updated_v2` polls 300 times, once a second.
const UPDATE: Duration = Duration::from_secs(300);
/// How long a new version may take to become active: `published_version_active` polls 312 times, every 5 seconds. SnapStart
/// makes its snapshot in that time.
const ACTIVATION: Duration = Duration::from_secs(312 * 5);

/// What a state means for the release.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Nothing keeps the release from it.
    Yes,
    /// Nothing does, but this should be known.
    Noted(String),
    /// It will be, within this time.
    Later(String, Duration),
    /// It will not be.
    No(String),
}

/// Whether a version can take the release's traffic.
pub(super) fn target(function: &str, view: &VersionView) -> Ready {
    let version = &view.version;
    match &view.state {
        VersionState::Active => Ready::Yes,
        VersionState::Pending => pending(function, view),
        // It is as good as any other version once it was invoked: the release goes on, and its alarms watch.
        VersionState::Inactive => Ready::Noted(format!(
            "version {version} of {function} is inactive{}: AWS took its resources back while it was idle, and its first \
             invocations fail until they are there again. {}",
            why(view),
            wake(function, version)
        )),
        VersionState::Failed => Ready::No(failed(function, view)),
        VersionState::Other(state) => {
            Ready::No(format!("version {version} of {function} is in the state {state}{}: release another", why(view)))
        }
    }
}

/// Whether the version that an alias points to can go on serving. It is what a rollback goes to.
pub(super) fn current(function: &str, view: &VersionView) -> Ready {
    let version = &view.version;
    match &view.state {
        VersionState::Active => Ready::Yes,
        VersionState::Pending => pending(function, view),
        VersionState::Inactive => Ready::Noted(format!(
            "version {version} of {function} is inactive{}: after a rollback its first invocations would fail. {}",
            why(view),
            wake(function, version)
        )),
        VersionState::Failed | VersionState::Other(_) => Ready::No(format!(
            "version {version} of {function} is not active{}, and a rollback would go to it: move the alias to a version that \
             is, with `onebox alias set {function} ALIAS --version N`",
            why(view)
        )),
    }
}

/// Whether `$LATEST` can be published; where its code is `replaced` first, an update that failed before does not matter.
pub(super) fn source(function: &str, view: &VersionView, replaced: bool) -> Ready {
    match (&view.state, view.update) {
        (_, UpdateStatus::InProgress) | (VersionState::Pending, _) => {
            Ready::Later(format!("an update of {function} is in progress"), UPDATE)
        }
        (VersionState::Failed | VersionState::Other(_), _) => {
            Ready::No(format!("{function} is not active{}: put that right, then start again", why(view)))
        }
        (_, UpdateStatus::Failed) if !replaced => Ready::No(format!(
            "the last update of {function} failed{}, and what was there before would be published: put that right and update \
             it again, then start again",
            why(view)
        )),
        _ => Ready::Yes,
    }
}

fn pending(function: &str, view: &VersionView) -> Ready {
    Ready::Later(format!("version {} of {function} is not active yet{}", view.version, why(view)), ACTIVATION)
}

fn failed(function: &str, view: &VersionView) -> String {
    format!(
        "version {} of {function} failed{} and stays so: put that right and release a new version. AWS publishes a new one only \
         where code or configuration changed",
        view.version,
        why(view)
    )
}

fn wake(function: &str, version: &str) -> String {
    format!(
        "`aws lambda invoke --function-name {function} --qualifier {version} /dev/null` makes AWS prepare it again, and `aws \
         lambda wait published-version-active --function-name {function} --qualifier {version}` waits for that"
    )
}

fn why(view: &VersionView) -> String {
    view.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
}

impl Machine<'_> {
    /// Takes what a state means: a reason, a note once, or something to wait for.
    pub(super) fn take_ready(
        &mut self,
        ready: Ready,
        reasons: &mut Vec<String>,
        pending: &mut Vec<(String, Duration)>,
    ) {
        match ready {
            Ready::Yes => {}
            Ready::Noted(note) => self.note_once(note),
            Ready::Later(what, within) => pending.push((what, within)),
            Ready::No(reason) => reasons.push(reason),
        }
    }

    /// Reports something once in a stage, however often it is read again.
    pub(super) fn note_once(&mut self, note: String) {
        if !self.state.told.contains(&note) {
            self.state.told.push(note.clone());
            self.note(note);
        }
    }

    /// Waits for what is under way by doing the task again after a poll; `None` where nothing is, or where something took too
    /// long and is now a reason.
    pub(super) fn await_ready(
        &mut self,
        task: Task,
        pending: Vec<(String, Duration)>,
        reasons: &mut Vec<String>,
    ) -> Option<Effect> {
        if pending.is_empty() || !reasons.is_empty() {
            return None;
        }
        let since = *self.state.tries.since.get_or_insert(self.now);
        let elapsed = self.elapsed(since);
        let minutes = |within: &Duration| within.as_secs() / 60;
        let late = pending.iter().filter(|(_, within)| elapsed >= *within);
        reasons.extend(
            late.map(|(what, within)| format!("{what} after {} minutes: start again when it is over", minutes(within))),
        );
        if !reasons.is_empty() {
            return None;
        }
        let held = |(what, within): &(String, Duration)| {
            (what.clone(), format!("{what}; this is waited for, for up to {} minutes", minutes(within)))
        };
        self.tell_missing(pending.iter().map(held).collect());
        Some(self.retry(task))
    }

    /// Code cannot be updated or published while another update of the function is applied (409): that takes minutes, and not
    /// a number of polls. `None` where no answer says so.
    pub(super) fn await_update(&mut self, heard: &Heard) -> Option<Effect> {
        let conflicts = heard.iter().filter_map(|(call, answer)| match (call, answer) {
            (Call::UpdateFunctionCode { function, .. } | Call::PublishVersion { function, .. }, Err(error))
                if error.kind == ErrorKind::Conflict =>
            {
                Some((format!("an update of {function} is in progress ({})", error.message), UPDATE))
            }
            _ => None,
        });
        self.await_ready(self.state.task.clone(), conflicts.collect(), &mut Vec::new())
    }
}

/// Why code was not uploaded or published, and what to do.
pub(super) fn refusal(call: &Call, error: &crate::CallError) -> String {
    let said = &error.message;
    match (call, error.kind) {
        (
            Call::UpdateFunctionCode { function, .. } | Call::PublishVersion { function, .. },
            ErrorKind::Precondition,
        ) => format!(
            "{function} was changed after it was read, so that nothing was published ({said}): find out what else changes it, \
             such as another deployment, then start again"
        ),
        (Call::UpdateFunctionCode { function, .. } | Call::PublishVersion { function, .. }, ErrorKind::Conflict) => {
            format!(
                "an update of {function} is still in progress after {} minutes ({said}): start again when it is over",
                UPDATE.as_secs() / 60
            )
        }
        (Call::UpdateFunctionCode { .. } | Call::PublishVersion { .. }, ErrorKind::Invalid) => format!(
            "{}: AWS does not accept {} ({said}): put that right, then start again",
            words::subject(call),
            call.operation()
        ),
        _ => words::failure(call, error),
    }
}

/// Whether a shift's code is replaced before it is published.
pub(super) const fn is_replaced(target: &Target) -> bool {
    matches!(target, Target::Zip { .. })
}
