//! *tick*: one step of a release per invocation, so that a release can last days on nobody's machine.
//!
//! A Step Functions state machine (`deploy/release.asl.json`) hands what one tick [tells](Tells) to the next. A tick first
//! performs the effect that it was [told](Told), and tells the state that this led to, with the effect that is wanted
//! next. So every effect is in the execution's history before it is performed, as the command has it in its journal, and
//! the history holds the same records as that journal would.
//!
//! A tick that failed, or whose result was lost, is tried again by Step Functions with the same input. That is safe: an
//! update of an alias that was applied before is refused because of its revision, and the machine recognises its own
//! change; hooks must be safe to repeat.
//!
//! An execution that was stopped is gone on with in another one: what the last tick told, with `"resume": true`, or with
//! an order such as `"order": {"abort": "the shop is closed"}`.

mod input;
mod step;
#[cfg(test)]
mod tests;

use std::{process::ExitCode, sync::Arc};

use onebox_aws::{Aws, Options};
use serde_json::Value;
use tokio::sync::Mutex;

pub use input::{LARGEST, MOST_ALIASES, Next, Order, Tells, Told};

use crate::{
    clock::now,
    serve::{Failed, Invocation},
};

/// Serves invocations until Lambda ends the process.
pub fn run() -> ExitCode {
    let known = Arc::new(Mutex::new(None));
    crate::serve::run("tick", move |invocation| serve(invocation, Arc::clone(&known)))
}

/// AWS in the region that was last asked for: a release stays in one.
type Known = Arc<Mutex<Option<(Option<String>, Aws)>>>;

async fn serve(invocation: Invocation, known: Known) -> Result<Value, Failed> {
    let told = Told::read(&invocation.event)?;
    let plan = told.plan()?;
    let mut known = known.lock().await;
    let aws = match known.take() {
        Some((region, aws)) if region == plan.region => aws,
        _ => {
            let options = Options { region: plan.region.clone(), ..Options::default() };
            Aws::connect(&options).await.map_err(|error| error.to_string())?
        }
    };
    let tells = step::tick(told, &plan, &aws, invocation.deadline, now).await;
    *known = Some((plan.region, aws));
    let tells = serde_json::to_value(tells?).map_err(|error| error.to_string())?;
    let size = tells.to_string().len();
    if size > LARGEST {
        let message = format!("the release's state takes {size} bytes, Step Functions hands {LARGEST} on at most");
        return Err(Failed::new("Onebox.TooLarge", message));
    }
    Ok(tells)
}
