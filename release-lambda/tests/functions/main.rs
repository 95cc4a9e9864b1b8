//! The functions as binaries, behind a Runtime API, with an AWS that answers as it is told.

// Marked as tests, so that clippy lets them unwrap.
#[cfg(test)]
mod aws;
#[cfg(test)]
mod bake;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod hook;
#[cfg(test)]
mod http;
#[cfg(test)]
mod lambda;
#[cfg(test)]
mod tick;
