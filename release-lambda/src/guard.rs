//! Work that ends with an answer, whatever it does.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use tokio::time::timeout;

/// Does work for at most so long: a panic and a call that never returns are failures with a sentence.
///
/// # Errors
/// The work's own, or the sentence.
pub(crate) async fn guarded<T>(limit: Duration, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err("this function panicked, which is a bug of onebox: its log says where".into()),
        Err(_) => Err(format!("not done within {} s, which is what this function's Timeout leaves", limit.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whatever_work_does_there_is_an_answer() {
        let limit = Duration::from_secs(60);
        let panics = async {
            if limit.as_secs() == 60 {
                panic!("boom");
            }
            Ok(())
        };
        assert!(guarded(limit, panics).await.unwrap_err().contains("panicked"));
        assert!(guarded::<()>(limit, pending()).await.unwrap_err().starts_with("not done within 60 s"));
        assert!(guarded::<()>(Duration::ZERO, pending()).await.is_err(), "no time at all");
        assert_eq!(guarded::<()>(limit, async { Err("why".to_owned()) }).await, Err("why".into()));
        assert_eq!(guarded(limit, async { Ok(7) }).await, Ok(7));
    }
}
