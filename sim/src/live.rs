//! What a deployment changes.

use std::sync::Arc;

use http::HeaderName;
use onebox_edge::Config;

use crate::{
    cff::{Cff, OriginSide},
    function::{Functions, Native, Runtime},
    node::Node,
    observe::Observer,
    settings::Settings,
    start_error::StartError,
};

/// What a deployment changes, all at once.
pub(crate) struct Live {
    pub(crate) config: Config,
    pub(crate) functions: Arc<dyn Functions>,
    /// What the viewer's triggers have instead of those.
    pub(crate) cff: Option<Cff>,
    pub(crate) partition: HeaderName,
}

impl Live {
    /// Starts what runs the functions of a configuration.
    pub(crate) async fn load(
        config: Config,
        runtime: &Runtime,
        settings: &Settings,
        observer: &Arc<dyn Observer>,
    ) -> Result<Arc<Self>, StartError> {
        match runtime {
            Runtime::Native => {
                let functions = Arc::new(Native::new(&config, &settings.clock));
                Self::new(config, functions, None)
            }
            Runtime::Node { bundles, node } => {
                let processes = settings.limits.node_processes;
                let functions = Node::start(node, bundles, &config, processes, observer.clone()).await?;
                Self::new(config, Arc::new(functions), None)
            }
            Runtime::Cff { functions, engine } => {
                let cff = Cff::start(engine, functions, &config, settings, observer).await?;
                let functions = Arc::new(OriginSide::new(&config, &settings.clock));
                Self::new(config, functions, Some(cff))
            }
        }
    }

    pub(crate) fn new(
        config: Config,
        functions: Arc<dyn Functions>,
        cff: Option<Cff>,
    ) -> Result<Arc<Self>, StartError> {
        let partition = HeaderName::from_bytes(config.partition.header.as_bytes())
            .map_err(|_| StartError::PartitionHeader(config.partition.header.clone()))?;
        Ok(Arc::new(Self { config, functions, cff, partition }))
    }
}
