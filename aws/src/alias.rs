//! An alias that is set, whether it is there or not: for branches and previews, not for releases.

use onebox_release::{CallError, ErrorKind, Reply, Routing};

use crate::{Aws, error::call_error, lambda::weights};

/// What setting an alias did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasSet {
    /// There was none.
    Created,
    /// It pointed elsewhere.
    Updated,
    /// It pointed there already.
    Unchanged,
}

impl Aws {
    /// Points an alias wholly to a version: creates it, or moves it if nobody else does so at the same time.
    ///
    /// # Errors
    ///
    /// When AWS refuses it, or does not answer; with [`ErrorKind::Precondition`] when somebody else changed the alias
    /// between the look and the change, and with [`ErrorKind::Conflict`] when somebody else created it.
    pub async fn set_alias(&self, function: &str, alias: &str, version: &str) -> Result<AliasSet, CallError> {
        let to = Routing::wholly(version);
        match self.get_alias(function, alias).await {
            Ok(Reply::Alias(there)) if there.routing == to => Ok(AliasSet::Unchanged),
            Ok(Reply::Alias(there)) => {
                self.update_alias(function, alias, &to, &there.revision).await.map(|_| AliasSet::Updated)
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                let create = self.lambda.create_alias().function_name(function).name(alias).function_version(version);
                create.routing_config(weights(&to)).send().await.map_err(call_error).map(|_| AliasSet::Created)
            }
            Ok(_) => Err(crate::lambda::strange("something else than an alias".to_owned())),
            Err(error) => Err(error),
        }
    }
}
