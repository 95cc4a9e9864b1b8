//! A first plan.

/// A commented `release.toml` to begin with.
#[must_use]
pub fn plan_template() -> &'static str {
    include_str!("release.toml")
}
