//! Code that is uploaded and published on the way, with the SDK's waiters.

use std::sync::Mutex;

use base64::{Engine, engine::general_purpose::STANDARD};
use onebox_release::{Routing, Target};
use onebox_sim::control::{ControlPlane, Script};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    aws, same,
    scenario::{Clock, FUNCTIONS, Local, SCENARIOS, drive, end, plan},
    server::moto,
};

#[tokio::test]
async fn a_zip_file_is_uploaded_published_and_released() {
    let region = "ap-southeast-1";
    moto().tell(region, "account", &SCENARIOS[0].account());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.zip");
    std::fs::write(&path, b"new code").unwrap();
    let sha256 = STANDARD.encode(Sha256::digest(b"new code"));
    let mut plan = plan();
    plan.backends[0].target = Target::Zip { path: path.display().to_string(), sha256 };

    let clock = Clock::default();
    let mut plane = ControlPlane::default();
    for function in FUNCTIONS {
        plane.function(function, 3, clock.now());
        plane.alias(function, "live", &Routing::wholly("1")).unwrap();
    }
    plane.set_alarm("web-5xx", onebox_release::AlarmState::Ok, clock.now());
    plane.script("smoke", Script::passes());
    let expected = drive(&plan, &Local { plane: Mutex::new(plane), clock: &clock }, &clock).await;

    let records = drive(&plan, &aws(region), &Clock::default()).await;
    assert_eq!(end(&records), "released");
    same("zip", &records, &expected);
    let account = moto().look(region, "account");
    assert_eq!(account["aliases"]["orders:live"], json!({ "version": "4", "weights": {} }));
}
