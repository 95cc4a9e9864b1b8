//! A small account, and short ways to ask it.

use jiff::{SignedDuration, Timestamp};
use onebox_release::{AliasView, Answer, Call, ErrorKind, Percent, Reply, Routing};
use onebox_sim::control::ControlPlane;

/// A moment at the beginning of a minute.
pub(crate) fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// So many seconds after noon.
pub(crate) fn after(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

/// One function, `orders`, with seven versions; its alias `live` is on the sixth.
pub(crate) fn plane() -> ControlPlane {
    let mut plane = ControlPlane::default();
    plane.function("orders", 7, noon());
    plane.alias("orders", "live", &Routing::wholly("6")).unwrap();
    plane
}

/// Most on one version, so many hundredths of a percent on another.
pub(crate) fn split(version: &str, other: &str, hundredths: u16) -> Routing {
    Routing { version: version.into(), additional: Some((other.into(), Percent::from_hundredths(hundredths).unwrap())) }
}

pub(crate) fn get() -> Call {
    Call::GetAlias { function: "orders".into(), alias: "live".into() }
}

pub(crate) fn update(to: Routing, revision: &str) -> Call {
    Call::UpdateAlias { function: "orders".into(), alias: "live".into(), to, revision: revision.into() }
}

/// What `live` is.
pub(crate) fn live(plane: &mut ControlPlane) -> AliasView {
    alias(plane.call(&get(), noon()))
}

pub(crate) fn alias(answer: Answer) -> AliasView {
    match answer {
        Ok(Reply::Alias(view)) => view,
        other => panic!("expected an alias: {other:?}"),
    }
}

/// Asserts that an answer is an error of this kind, whose text has these words.
pub(crate) fn refused(answer: Answer, kind: ErrorKind, words: &str) {
    let error = answer.unwrap_err();
    assert!(error.kind == kind && error.message.contains(words), "expected {kind:?} with {words:?}: {error:?}");
}
