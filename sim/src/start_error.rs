//! Why a distribution cannot start.

use std::path::PathBuf;

/// Why a distribution cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no Node.js to run the bundles.
    #[error("`{node}` cannot be started ({problem}): install Node.js 22 or 24 (https://nodejs.org), or name its path")]
    NoNode {
        /// The command that was tried.
        node: String,
        /// What the system says.
        problem: std::io::Error,
    },
    /// There is no njs to run CloudFront Functions.
    #[error(
        "`{njs}` cannot be started ({problem}): install njs (https://nginx.org/en/docs/njs/), name its path, or let Node.js run the functions"
    )]
    NoNjs {
        /// The command that was tried.
        njs: String,
        /// What the system says.
        problem: std::io::Error,
    },
    /// A CloudFront Function is larger than CloudFront takes.
    #[error("the function {path} has {bytes} bytes: CloudFront takes 10,240")]
    FunctionTooLarge {
        /// The function's file.
        path: PathBuf,
        /// Its size.
        bytes: usize,
    },
    /// A function cannot be loaded.
    #[error("{path} cannot be loaded: {problem}; `onebox package` writes it")]
    Bundle {
        /// The function's file.
        path: PathBuf,
        /// What its engine says.
        problem: String,
    },
    /// Bundles carry their configuration: a new one needs new bundles.
    #[error("the functions run from bundles, which carry their configuration: package anew and deploy the bundles")]
    NeedsBundles,
    /// There are no bundles to deploy where the functions are in this process.
    #[error("the functions do not run from bundles: deploy the configuration alone")]
    NeedsNoBundles,
    /// The partition header has a name that no header can have.
    #[error("`{0}` cannot be the name of a header")]
    PartitionHeader(String),
    /// The trust store cannot be built.
    #[error("the certificates to trust cannot be used: {0}")]
    Roots(rustls::Error),
}
