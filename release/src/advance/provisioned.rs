//! Provisioned concurrency, before the first shift: an alias or a version that has it must have got it.
//!
//! It belongs to a version or to an alias, which takes it along to another version:
//! <https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html>

use super::{Heard, Machine, may_pass, settle::SETTLING, words};
use crate::{Call, Effect, Lane, Provisioned, ProvisionedStatus, Reply, state::Task};

impl Machine<'_> {
    /// One call for each function, however many of its aliases move.
    pub(super) fn provisioned_calls(&self) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::new();
        for lane in &self.state.lanes {
            let call = Call::ListProvisionedConcurrency { function: lane.function.clone() };
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
        calls
    }

    pub(super) fn hear_provisioned(&mut self, heard: Heard) -> Effect {
        if heard.iter().any(|(_, answer)| matches!(answer, Err(error) if may_pass(error.kind)))
            && let Some(effect) = self.again(&heard)
        {
            return effect;
        }
        let (mut reasons, mut pending) = (Vec::new(), Vec::new());
        for (call, answer) in heard {
            let Call::ListProvisionedConcurrency { function } = &call else { continue };
            match answer {
                Ok(Reply::Provisioned(found)) => self.take_provisioned(function, &found, &mut reasons, &mut pending),
                Ok(_) => {}
                Err(error) if error.kind.is_of_caller() => reasons.push(words::failure(&call, &error)),
                // It is a safeguard: whoever does not grant it has the release that they had before.
                Err(error) => self.note(format!(
                    "it is not known whether provisioned concurrency is ready: {}",
                    words::failure(&call, &error)
                )),
            }
        }
        if !reasons.is_empty() {
            return self.refuse(reasons);
        }
        if pending.is_empty() {
            return self.leave_preflight();
        }
        let since = *self.state.tries.since.get_or_insert(self.now);
        if self.elapsed(since) >= SETTLING {
            let late = format!(" after {} minutes; release when it is", SETTLING.as_secs() / 60);
            return self.refuse(pending.into_iter().map(|(_, reason)| reason + &late).collect());
        }
        self.tell_missing(pending);
        self.retry(Task::Provisioned)
    }

    fn take_provisioned(
        &mut self,
        function: &str,
        found: &[Provisioned],
        reasons: &mut Vec<String>,
        pending: &mut Vec<(String, String)>,
    ) {
        let of = |qualifier: Option<&String>| found.iter().find(|of| Some(&of.qualifier) == qualifier);
        let mut notes = Vec::new();
        for lane in self.state.lanes.iter_mut().filter(|lane| lane.function == function) {
            let alias = of(Some(&lane.alias));
            lane.provisioned = alias.is_some();
            for config in [alias, of(lane.to.as_ref())].into_iter().flatten() {
                let what = format!("the provisioned concurrency of {function}:{}", config.qualifier);
                let reason = config.reason.as_deref().unwrap_or("AWS gives no reason");
                match config.status {
                    ProvisionedStatus::Ready => {}
                    ProvisionedStatus::InProgress => {
                        let reason = format!("{what} is not ready (IN_PROGRESS)");
                        pending.push((format!("{function}:{} provisioned", config.qualifier), reason));
                    }
                    ProvisionedStatus::Failed => reasons.push(format!(
                        "{what} could not be allocated ({reason}): AWS would not move all traffic. Put that right first"
                    )),
                }
            }
            if let (Some(_), Some(to), None, None) = (of(lane.from.as_ref()), &lane.to, of(lane.to.as_ref()), alias) {
                notes.push(cold(lane, to));
            }
        }
        notes.into_iter().for_each(|note| self.note(note));
    }
}

/// The old version has provisioned concurrency of its own, and the new one has none.
fn cold(lane: &Lane, to: &str) -> String {
    let (name, function, from) = (lane.name(), &lane.function, lane.from.as_deref().unwrap_or_default());
    format!(
        "{name}: version {from} has provisioned concurrency and version {to} has none: its first requests are cold starts. \
         `aws lambda put-provisioned-concurrency-config --function-name {function} --qualifier {to} \
         --provisioned-concurrent-executions N` gives it some"
    )
}
