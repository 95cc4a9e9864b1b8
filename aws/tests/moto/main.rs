//! Releases with the real SDK against moto, patched to keep AWS's rules: the journal is the one that the release has
//! against the strict control plane in this process, record by record.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of it is tests")]

mod budget;
mod codes;
mod guard;
mod publish;
mod release;
mod rules;
mod scenario;
mod server;
mod states;
mod traffic;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use onebox_aws::{Aws, Budget};
use onebox_release::Record;
use serde_json::{Value, json};

use server::moto;

/// AWS as the strict moto gives it, in a region.
fn aws(region: &'static str) -> Aws {
    Aws::with(&config(region), Budget::LAMBDA)
}

/// The configuration of an SDK that calls the strict moto.
fn config(region: &'static str) -> SdkConfig {
    let credentials = Credentials::new("AKID", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(moto().url())
        .build()
}

/// Records without what no two accounts have in common: revisions, and the ids of deployments.
fn comparable(records: &[Record]) -> Vec<Value> {
    let mut values: Vec<Value> = records.iter().map(|record| serde_json::to_value(record).unwrap()).collect();
    values.iter_mut().for_each(blank);
    values
}

fn blank(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if matches!(name.as_str(), "revision" | "latest" | "deployment" | "id" | "alarm-changed" | "region")
                    && member.is_string()
                {
                    *member = json!("…");
                }
                // A region of its own for each scenario, in words too.
                if name == "text" && member.as_str().is_some_and(|text| text.starts_with("account ")) {
                    *member = json!("…");
                }
                // By CloudWatch's clock.
                if name == "changed" {
                    *member = json!("…");
                }
                blank(member);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(blank),
        _ => {}
    }
}

/// Whether both journals are the same, and where they part if not.
#[track_caller]
fn same(name: &str, ours: &[Record], theirs: &[Record]) {
    let (ours, theirs) = (comparable(ours), comparable(theirs));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs, "{name}");
    }
    assert_eq!(ours.len(), theirs.len(), "{name}: {ours:#?}");
}
