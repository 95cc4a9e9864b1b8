//! CloudFront Functions at the viewer's triggers. The origin's triggers are Lambda@Edge: both kinds on the viewer's side of
//! one behaviour are not allowed.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>

mod event;
mod moved;
mod program;
mod result;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use onebox_edge::{Config, Moves, Trigger};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use self::moved::Moved;

use crate::{
    flow::{Flow, Stop},
    function::{Fault, Functions, Native, pins},
    key_values::KeyValues,
    observe::{CacheResult, Observer},
    pool::Pool,
    rule::{Rule, Violation},
    settings::{Clock, Settings},
    start_error::StartError,
    validate::{Outcome, Sent},
};

/// What runs CloudFront Functions: the engine that CloudFront's descends from, or Node.js, which knows more JavaScript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The `njs` command: a name on the PATH, or a path.
    Njs(PathBuf),
    /// The `node` command: a name on the PATH, or a path.
    Node(PathBuf),
}

/// The CloudFront Functions of a distribution.
pub(crate) struct Cff {
    viewer_request: Pool,
    viewer_response: Option<Pool>,
    store: Option<String>,
    values: KeyValues,
}

/// What came of a function: what it returned, and where it moved the request.
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) moved: Option<Moved>,
}

impl From<Outcome> for Ran {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, moved: None }
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Value,
    #[serde(rename = "move")]
    asked: Option<Value>,
}

impl Cff {
    /// Loads the functions that a configuration needs.
    pub(crate) async fn start(
        engine: &Engine,
        folder: &Path,
        config: &Config,
        settings: &Settings,
        observer: &Arc<dyn Observer>,
    ) -> Result<Self, StartError> {
        let load = async |trigger| {
            let program = program::program(engine, folder, trigger)?;
            Pool::start(trigger, program, settings.limits.node_processes, observer.clone()).await
        };
        let viewer_request = load(Trigger::ViewerRequest).await?;
        let viewer_response = if pins(config) { Some(load(Trigger::ViewerResponse).await?) } else { None };
        let store = config.function.store.as_ref().map(|store| store.id.clone());
        Ok(Self { viewer_request, viewer_response, store, values: settings.key_values.clone() })
    }

    /// Whether a viewer's trigger has a function.
    pub(crate) fn associated(&self, trigger: Trigger) -> bool {
        self.pool(trigger).is_some()
    }

    fn pool(&self, trigger: Trigger) -> Option<&Pool> {
        if trigger == Trigger::ViewerRequest { Some(&self.viewer_request) } else { self.viewer_response.as_ref() }
    }
}

impl Flow {
    /// Runs a CloudFront Function and holds its result to the rules.
    pub(crate) async fn call_cff(&self, cff: &Cff, trigger: Trigger, sent: Sent<'_>) -> Result<Ran, Stop> {
        let Some(pool) = cff.pool(trigger) else { return Ok(sent.unchanged().into()) };
        let event = event::event(trigger, &self.request_id, sent);
        let store = cff.store.as_ref().map(|id| json!({"id": id, "values": cff.values.all()}));
        let line = json!({"event": event, "query": sent.request.querystring, "store": store}).to_string();
        let limit = self.shared.settings.limits.viewer_function_time;
        let stop = |rule, detail: String, cache| {
            Stop::new(Violation::new(rule, format!("{trigger}, a CloudFront Function: {detail}")), cache)
        };
        let answer = match tokio::time::timeout(limit, pool.run(&line)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(Fault::Threw(detail))) => {
                return Err(stop(Rule::FunctionThrew, detail, CacheResult::FunctionExecutionError));
            }
            Ok(Err(Fault::TooLarge)) => {
                let detail = "the result is larger than any response may be".to_owned();
                return Err(stop(Rule::GeneratedTooLarge, detail, CacheResult::FunctionExecutionError));
            }
            Err(_) => {
                let detail = format!("no result within {} ms", limit.as_millis());
                return Err(stop(Rule::FunctionTimedOut, detail, CacheResult::FunctionThrottledError));
            }
        };
        self.judge(trigger, sent, &event, &answer)
            .map_err(|violation| stop(violation.rule, violation.detail, CacheResult::FunctionExecutionError))
    }

    fn judge(&self, trigger: Trigger, sent: Sent<'_>, event: &Value, answer: &str) -> Result<Ran, Violation> {
        let answer: Answer =
            serde_json::from_str(answer).map_err(|problem| Violation::new(Rule::ResultNotJson, problem.to_string()))?;
        let outcome = result::outcome(trigger, sent, event, &answer.result)?;
        let moved = match answer.asked {
            Some(asked) if trigger == Trigger::ViewerRequest => Some(self.moved(&asked)?),
            Some(_) => return Err(Violation::new(Rule::HelperAtViewerResponse, "a helper moves the request")),
            None => None,
        };
        Ok(Ran { outcome, moved })
    }
}

/// The origin's side of a distribution whose viewers' side has CloudFront Functions.
pub(crate) struct OriginSide {
    handlers: Native,
    moves: bool,
}

impl OriginSide {
    pub(crate) fn new(config: &Config, clock: &Clock) -> Self {
        Self { handlers: Native::new(config, clock), moves: config.function.moves == Moves::Lambda }
    }
}

impl Functions for OriginSide {
    /// A function that moves requests by itself leaves nothing to origin-request.
    fn associated(&self, trigger: Trigger) -> bool {
        match trigger {
            Trigger::OriginRequest => self.moves,
            Trigger::OriginResponse => true,
            Trigger::ViewerRequest | Trigger::ViewerResponse => false,
        }
    }

    fn invoke(&self, trigger: Trigger, event: String) -> BoxFuture<'_, Result<String, Fault>> {
        self.handlers.invoke(trigger, event)
    }
}
