//! An alias that is set, whether it is there or not: for branches and previews, not for releases.

use std::time::Duration;

use onebox_release::{AliasView, CallError, ErrorKind, Percent, Reply, Routing};
use tokio::time::{Instant, sleep};

use crate::{Aws, error::call_error, lambda::weights};

/// How long AWS may take to move the traffic of an alias with provisioned concurrency: as long as Terraform's provider
/// waits. <https://github.com/hashicorp/terraform-provider-aws/pull/48116>
const SETTLING: Duration = Duration::from_secs(15 * 60);
/// The shortest and the longest pause between two reads meanwhile.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

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
            // AWS still moves the traffic of an update before this one.
            Ok(Reply::Alias(there)) if is_moving(&there.routing, version) => Ok(AliasSet::Unchanged),
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

    /// Waits until AWS has moved all traffic of an alias that points to a version: with provisioned concurrency that takes
    /// minutes. `waits` is called once where it does.
    ///
    /// # Errors
    ///
    /// When the alias cannot be read, points elsewhere, or still has weights after 15 minutes.
    pub async fn settled(
        &self,
        function: &str,
        alias: &str,
        version: &str,
        waits: impl FnOnce(),
    ) -> Result<(), CallError> {
        let (begun, mut pause, mut waits) = (Instant::now(), PAUSES.0, Some(waits));
        loop {
            let Reply::Alias(AliasView { routing, .. }) = self.get_alias(function, alias).await? else { return Ok(()) };
            let moved = |(_, part): &(String, Percent)| *part == Percent::NONE;
            if routing.version != version {
                let message = format!("somebody else pointed it to version {} meanwhile", routing.version);
                return Err(CallError::new(ErrorKind::Conflict, message));
            }
            if routing.additional.as_ref().is_none_or(moved) {
                return Ok(());
            }
            if begun.elapsed() >= SETTLING {
                let message = "AWS has not moved all traffic within 15 minutes: its provisioned concurrency is perhaps not \
                               allocated";
                return Err(CallError::new(ErrorKind::Unknown, message));
            }
            if let Some(waits) = waits.take() {
                waits();
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

/// Whether AWS moves traffic to a version: no update may set a weight of 1.0, so that it is AWS's own.
#[must_use]
pub fn is_moving(routing: &Routing, version: &str) -> bool {
    let all = |(_, part): &(String, Percent)| *part == Percent::ALL;
    routing.version == version && routing.additional.as_ref().is_some_and(all)
}
