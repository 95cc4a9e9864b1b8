//! Packaged bundles in real Node.js processes.

use std::{io, path::Path, sync::Arc};

use futures_util::future::{BoxFuture, FutureExt, try_join_all};
use onebox_edge::{Config, Trigger};

use crate::{
    function::{Fault, Functions, pins},
    observe::Observer,
    pool::{Pool, Program},
    start_error::StartError,
};

const DRIVER: &str = include_str!("driver.mjs");

/// The bundles of all triggers.
pub(crate) struct Node(Vec<Pool>);

impl Node {
    /// Loads every bundle that a configuration needs.
    pub(crate) async fn start(
        node: &Path,
        bundles: &Path,
        config: &Config,
        processes: usize,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, StartError> {
        let triggers = Trigger::ALL.into_iter().filter(|trigger| *trigger != Trigger::ViewerResponse || pins(config));
        let pools = triggers.map(|trigger| {
            let observer = observer.clone();
            async move { Pool::start(trigger, program(node, bundles, trigger)?, processes, observer).await }
        });
        try_join_all(pools).await.map(Self)
    }
}

fn program(node: &Path, bundles: &Path, trigger: Trigger) -> Result<Program, StartError> {
    let file = bundles.join(trigger.as_str()).join("index.mjs");
    let path = std::path::absolute(&file)
        .map_err(|problem| StartError::Bundle { path: file.clone(), problem: problem.to_string() })?;
    let mut arguments = ["--input-type=module", "--eval", DRIVER, "--"].map(Into::into).to_vec();
    arguments.push(path.into_os_string());
    Ok(Program { engine: node.to_owned(), arguments, file, missing: no_node })
}

/// What to say when there is no Node.js.
pub(crate) fn no_node(node: String, problem: io::Error) -> StartError {
    StartError::NoNode { node, problem }
}

impl Functions for Node {
    fn associated(&self, trigger: Trigger) -> bool {
        self.0.iter().any(|pool| pool.trigger() == trigger)
    }

    fn invoke(&self, trigger: Trigger, event: String) -> BoxFuture<'_, Result<String, Fault>> {
        async move {
            match self.0.iter().find(|pool| pool.trigger() == trigger) {
                Some(pool) => pool.run(&event).await,
                None => Err(Fault::Threw(format!("there is no bundle for {trigger}"))),
            }
        }
        .boxed()
    }
}
