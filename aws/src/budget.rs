//! How many calls a second: every attempt counts, retries included.
//!
//! Lambda takes 15 control-plane requests a second over all functions of an account and region
//! (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>), and whoever else deploys
//! wants some of them. So attempts are counted where they leave for the network: a retry that the SDK makes on its own, a
//! page, a waiter's poll are calls like any other.

use std::{num::NonZeroU32, sync::Arc};

use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

/// A budget of calls: so many a second, and a few at once after a pause.
///
/// In no second are there more than the two together. It is one process's: two releases at once have two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls a second, in the long run.
    pub per_second: NonZeroU32,
    /// Calls at once.
    pub burst: NonZeroU32,
}

impl Budget {
    /// A budget; `None` where one of the two is 0.
    ///
    /// ```
    /// use onebox_aws::Budget;
    ///
    /// assert_eq!(Budget::new(10, 5), Some(Budget::LAMBDA));
    /// assert_eq!(Budget::new(0, 5), None);
    /// ```
    #[must_use]
    pub const fn new(per_second: u32, burst: u32) -> Option<Self> {
        match (NonZeroU32::new(per_second), NonZeroU32::new(burst)) {
            (Some(per_second), Some(burst)) => Some(Self { per_second, burst }),
            _ => None,
        }
    }

    /// Lambda's control plane by default: 10 a second and 5 at once, so that no second has more than AWS's 15.
    pub const LAMBDA: Self = Self { per_second: NonZeroU32::new(10).unwrap(), burst: NonZeroU32::new(5).unwrap() };
    /// What CloudWatch is asked: 9 a second are taken of the scarcest, `DescribeAlarms`.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>
    pub(crate) const CLOUDWATCH: Self =
        Self { per_second: NonZeroU32::new(5).unwrap(), burst: NonZeroU32::new(4).unwrap() };
    /// What CloudWatch is told: 3 a second are taken of `PutMetricAlarm`, and 3 of `DeleteAlarms`. In a queue of its own:
    /// two hundred new alarms do not hold up the poll that sees one fire.
    pub(crate) const ALARMS: Self =
        Self { per_second: NonZeroU32::new(2).unwrap(), burst: NonZeroU32::new(1).unwrap() };
    /// CodeDeploy, which documents no rate.
    pub(crate) const CODEDEPLOY: Self =
        Self { per_second: NonZeroU32::new(5).unwrap(), burst: NonZeroU32::new(5).unwrap() };
}

impl Default for Budget {
    fn default() -> Self {
        Self::LAMBDA
    }
}

/// Tokio's clock: what tests pause.
#[derive(Clone, Debug, Default)]
struct TokioClock;

impl Clock for TokioClock {
    type Instant = Tick;

    fn now(&self) -> Tick {
        Tick(Instant::now())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tick(Instant);

impl Reference for Tick {
    fn duration_since(&self, earlier: Self) -> governor::nanos::Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: governor::nanos::Nanos) -> Self {
        self.0.checked_sub(duration.into()).map_or(*self, Self)
    }
}

impl std::ops::Add<governor::nanos::Nanos> for Tick {
    type Output = Self;

    fn add(self, nanos: governor::nanos::Nanos) -> Self {
        Self(self.0 + std::time::Duration::from(nanos))
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Tick>>;

/// Lets calls pass as a budget allows, first come, first served.
#[derive(Debug)]
pub(crate) struct Gate {
    limiter: Limiter,
    /// Only one looks at the limiter at a time: tokio's mutex keeps the queue.
    queue: Mutex<()>,
}

impl Gate {
    pub(crate) fn new(budget: Budget) -> Self {
        let quota = Quota::per_second(budget.per_second).allow_burst(budget.burst);
        Self { limiter: RateLimiter::direct_with_clock(quota, TokioClock), queue: Mutex::new(()) }
    }

    /// Waits until one more call is within the budget.
    pub(crate) async fn pass(&self) {
        let _turn = self.queue.lock().await;
        while let Err(refused) = self.limiter.check() {
            sleep_until(refused.earliest_possible().0).await;
        }
    }
}

/// An HTTP client whose every request waits for its turn.
#[derive(Clone, Debug)]
pub(crate) struct Budgeted {
    inner: SharedHttpClient,
    gate: Arc<Gate>,
}

impl Budgeted {
    /// This client, held to a budget.
    pub(crate) fn around(inner: SharedHttpClient, budget: Budget) -> SharedHttpClient {
        SharedHttpClient::new(Self { inner, gate: Arc::new(Gate::new(budget)) })
    }
}

impl HttpClient for Budgeted {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, gate: Arc::clone(&self.gate) })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    gate: Arc<Gate>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, gate) = (self.inner.clone(), Arc::clone(&self.gate));
        HttpConnectorFuture::new(async move {
            gate.pass().await;
            inner.call(request).await
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// When 200 calls pass that want to at once, in milliseconds.
    async fn passages(budget: Budget) -> Vec<u128> {
        let gate = Arc::new(Gate::new(budget));
        let start = Instant::now();
        let calls = (0..200).map(|_| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move {
                gate.pass().await;
                start.elapsed().as_millis()
            })
        });
        let mut passed = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            passed.push(call.await.unwrap());
        }
        passed
    }

    /// The most calls of any second.
    fn peak(passed: &[u128]) -> usize {
        let within = |from: &u128| passed.iter().filter(|at| (*from..*from + 1_000).contains(at)).count();
        passed.iter().map(within).max().unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_calls_than_the_budget() {
        for (per_second, burst) in [(10, 5), (15, 1), (1, 1), (100, 50)] {
            let passed = passages(Budget::new(per_second, burst).unwrap()).await;
            let most = (per_second + burst) as usize;
            assert!(peak(&passed) <= most, "{per_second} a second, {burst} at once: {}", peak(&passed));
            assert_eq!(passed.iter().filter(|at| **at == 0).count(), burst as usize);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_is_used() {
        let last = passages(Budget::LAMBDA).await.into_iter().max().unwrap();
        // 5 at once, and 195 at 10 a second.
        assert!((19_500..=19_700).contains(&last), "{last} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_first_goes_first() {
        let passed = passages(Budget::LAMBDA).await;
        assert!(passed.is_sorted(), "{passed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_given_up_holds_nobody_up() {
        let gate = Gate::new(Budget::new(1, 1).unwrap());
        gate.pass().await;
        assert!(tokio::time::timeout(Duration::from_millis(10), gate.pass()).await.is_err());
        let start = Instant::now();
        gate.pass().await;
        assert!(start.elapsed() <= Duration::from_secs(1));
    }
}
