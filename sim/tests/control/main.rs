//! The rules of the local control plane, one by one, as AWS documents them.

// Marked as tests, so that clippy lets them unwrap.
#[cfg(test)]
mod alarms;
#[cfg(test)]
mod aliases;
#[cfg(test)]
mod deployments;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod http;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod versions;
