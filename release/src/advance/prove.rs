//! The first thing that a new driver does: it proves that AWS is still the place where the release began.
//!
//! Another profile, region or account has functions, aliases and alarms of the same names. So before anything is
//! believed or changed, a few aliases and versions are read, and one of the answers has to carry the account and region
//! that the release has recorded. That something does not exist proves nothing: it may exist in the right place. What
//! the person wanted (resume, abort, promote) waits until then, and where the proof fails nothing of the state changes.

use super::{Heard, Machine, may_pass, words};
use crate::{
    Answer, Call, Effect, Ending, ErrorKind, Input, Place, Reply,
    state::{Proof, Task, Tries},
};

/// So many functions are read: one of them may be gone, and the others prove as much.
const FUNCTIONS: usize = 3;

impl Machine<'_> {
    /// Whether this input waits for the proof. A release that has not read anything yet has nothing to be held against,
    /// and one that is over does nothing any more.
    pub(super) fn waits_for_proof(&self, input: &Input) -> bool {
        let stuck = matches!(self.state.effect, Effect::Stop { ending: Ending::Stuck(_) });
        let over = self.state.task == Task::Over && !stuck && self.state.proof.is_none();
        let wanted = match input {
            Input::Resume => true,
            Input::Abort(_) | Input::Promote(_) => self.state.unproven,
            _ => false,
        };
        self.state.place.is_some() && wanted && !over
    }

    /// Keeps what was wanted, and asks for the proof.
    pub(super) fn prove(&mut self, input: Input) -> Effect {
        let (input, effect) = match self.state.proof.take() {
            // An order is not forgotten because the next driver only goes on.
            Some(proof) if input == Input::Resume => (proof.input, proof.effect),
            Some(proof) => (input, proof.effect),
            None => (input, self.state.effect.clone()),
        };
        self.state.unproven = true;
        self.state.proof = Some(Box::new(Proof { input, effect, tries: Tries::default() }));
        self.ask_proof()
    }

    pub(super) fn ask_proof(&self) -> Effect {
        let mut calls: Vec<Call> = Vec::new();
        let mut functions: Vec<&str> = Vec::new();
        for lane in &self.state.lanes {
            if functions.len() == FUNCTIONS || functions.contains(&lane.function.as_str()) {
                continue;
            }
            functions.push(&lane.function);
            calls.push(Call::GetAlias { function: lane.function.clone(), alias: lane.alias.clone() });
            let version = lane.from.clone();
            calls.extend(version.map(|version| Call::GetVersion { function: lane.function.clone(), version }));
        }
        Effect::Call { calls, meanwhile: Vec::new() }
    }

    /// Goes on with what was wanted where the place is proven, and stops where it is another one or cannot be proven.
    pub(super) fn hear_proof(&mut self, heard: &Heard) -> Effect {
        if let Some(other) = self.elsewhere(heard) {
            return self.unproven(other);
        }
        if heard.iter().any(|(_, answer)| place(answer).is_some()) {
            let Some(proof) = self.state.proof.take() else { return self.state.effect.clone() };
            // The driver before may have performed it.
            (self.state.unproven, self.state.repeated, self.state.effect) = (false, true, proof.effect);
            return self.take(proof.input);
        }
        let failed = || heard.iter().filter_map(|(call, answer)| Some((call, answer.as_ref().err()?)));
        let worst = failed().find(|(_, error)| error.kind != ErrorKind::NotFound);
        let mut tries = self.state.proof.as_ref().map(|proof| proof.tries).unwrap_or_default();
        if let Some((_, error)) = worst
            && may_pass(error.kind)
            && self.is_patient(&mut tries, error.kind)
        {
            if let Some(proof) = &mut self.state.proof {
                proof.tries = tries;
            }
            return Effect::Wait { until: self.after(self.plan.poll) };
        }
        let found = worst.or_else(|| failed().next()).map(|(call, error)| words::failure(call, error));
        let expected = self.state.place.as_ref().map(ToString::to_string).unwrap_or_default();
        self.unproven(format!(
            "this release runs in {expected}, and nothing that these credentials read shows that it is the same place: \
             {}. Use credentials of that account (--profile)",
            found.unwrap_or_else(|| "no answer".to_owned())
        ))
    }

    /// The proof failed. Everything stays as it is, the state too.
    fn unproven(&mut self, why: String) -> Effect {
        self.stop(Ending::Stuck(why))
    }

    /// What is wrong where an answer comes from another place than the release's.
    pub(super) fn elsewhere(&self, heard: &Heard) -> Option<String> {
        let expected = self.state.place.as_ref()?;
        let answers = || heard.iter().map(|(_, answer)| answer);
        let found = answers().filter_map(place).find(|found| *found != expected).cloned();
        // An alarm may be in another region, but CloudWatch shows those of one account only.
        let of_alarms = || answers().flat_map(alarms).find(|found| found.account != expected.account);
        found.or_else(of_alarms).map(|found| another(expected, &found))
    }
}

/// Both places, and what to do.
fn another(expected: &Place, found: &Place) -> String {
    format!(
        "this release runs in {expected}, and AWS answers for {found}: nothing was changed there. Use that account's \
         credentials (--profile) and that region (--region {})",
        expected.region
    )
}

/// The places of the alarms in an answer.
fn alarms(answer: &Answer) -> impl Iterator<Item = Place> {
    let views = match answer {
        Ok(Reply::Alarms(views)) => views.as_slice(),
        _ => &[],
    };
    views.iter().filter_map(|view| Place::of_arn(view.arn.as_deref()?))
}

/// The place that an answer comes from, where it says so.
pub(super) fn place(answer: &Answer) -> Option<&Place> {
    match answer {
        Ok(Reply::Alias(view)) => Some(&view.place),
        Ok(Reply::Version(view)) => Some(&view.place),
        _ => None,
    }
}
