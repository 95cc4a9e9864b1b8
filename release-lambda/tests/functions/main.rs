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

#[tokio::test]
async fn outside_lambda_they_say_where_they_belong() {
    for binary in [env!("CARGO_BIN_EXE_bake"), env!("CARGO_BIN_EXE_hook"), env!("CARGO_BIN_EXE_tick")] {
        let output = tokio::process::Command::new(binary).env_remove("AWS_LAMBDA_RUNTIME_API").output().await.unwrap();
        assert_eq!(output.status.code(), Some(64));
        assert!(String::from_utf8_lossy(&output.stderr).contains("deploy/release.yaml"));
    }
}
