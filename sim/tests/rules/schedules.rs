//! Shares that move, and tokens that expire, while a distribution is running.

use onebox_core::{Overrides, Partition, Secret};
use onebox_edge::Config;
use onebox_sim::Runtime;

use crate::{
    cff::{SAME_REQUEST, SAME_RESPONSE, engines, functions},
    props::answer,
    stage::{ONE_BOX, REGULAR, Setup, Stage, config, with_share},
};

/// The stage's clock begins at 2027-01-15T08:00:00Z.
const RAMP: &str = r#"[{"at": "2027-01-15T08:00:10Z", "share": "50%"},
                       {"at": "2027-01-15T08:00:20Z", "share": "100%"},
                       {"at": "2027-01-15T08:00:30Z", "share": "0%"}]"#;

async fn stage(setup: Setup) -> Stage {
    let host = |request: http::Request<bytes::Bytes>| answer(request.headers()["host"].as_bytes().to_vec(), &[]);
    setup.origin(host).await
}

/// How many of a hundred visitors are on the one-box.
async fn one_box(stage: &Stage) -> usize {
    let mut count = 0;
    for visitor in 0..100 {
        let page = stage.get_with("/", &[("cookie", &format!("sid={visitor}"))]).await;
        count += usize::from(page.text() == ONE_BOX);
    }
    count
}

#[tokio::test]
async fn a_scheduled_share_takes_effect_when_its_time_has_come_without_a_deployment() {
    let stage = stage(Setup::of(with_share(RAMP))).await;
    assert_eq!(one_box(&stage).await, 0);
    stage.hands.forward(9);
    assert_eq!(one_box(&stage).await, 0);
    stage.hands.forward(1);
    let half = one_box(&stage).await;
    // The same visitors at every run: the salt draws them.
    assert!((35..=65).contains(&half), "{half}");
    stage.hands.forward(10);
    assert_eq!(one_box(&stage).await, 100);
    stage.hands.forward(10);
    assert_eq!(one_box(&stage).await, 0);
}

#[tokio::test]
async fn without_stickiness_the_share_of_the_moment_is_drawn() {
    let stage = stage(Setup::of(with_share(RAMP))).await;
    stage.distribution.set_sticky(false);
    for (seconds, expected) in [(0, 0), (20, 100), (10, 0)] {
        stage.hands.forward(seconds);
        assert_eq!(one_box(&stage).await, expected);
    }
}

#[tokio::test]
async fn without_stickiness_the_share_of_the_moment_is_drawn_beside_cloudfront_functions_too() {
    let ramp = r#"[{"at": "2027-01-15T08:00:10Z", "share": "100%"}]"#;
    let folder = functions(SAME_REQUEST, SAME_RESPONSE);
    let [engine, _] = engines();
    let runtime = Runtime::Cff { functions: folder.path().to_owned(), engine };
    let stage = stage(Setup::of(with_share(ramp)).runtime(runtime)).await;
    stage.distribution.set_sticky(false);
    assert_eq!(stage.get("/").await.text(), REGULAR);
    stage.hands.forward(10);
    assert_eq!(stage.get("/").await.text(), ONE_BOX);
}

#[tokio::test]
async fn a_token_counts_until_its_expiry() {
    const SECRET: &[u8] = b"a secret of the tests";
    let digits: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let forced = format!(r#"{{"override":{{"secret":"hex:{digits}"}},"#);
    let config = Config::from_json(&config("0%").to_json().replacen('{', &forced, 1)).unwrap();
    let token = Overrides::new("onebox-force", Secret::new(SECRET)).token(Partition::OneBox, 1_800_000_010);
    let stage = stage(Setup::of(config)).await;
    for (seconds, expected) in [(0, ONE_BOX), (9, ONE_BOX), (1, REGULAR)] {
        stage.hands.forward(seconds);
        let header = stage.get_with("/", &[("onebox-force", &token)]).await;
        let cookie = stage.get_with("/", &[("cookie", &format!("onebox-force={token}"))]).await;
        assert_eq!((header.text(), cookie.text()), (expected, expected));
    }
    assert_eq!(stage.get_with("/", &[("onebox-force", "one-box.1900000000.0000")]).await.text(), REGULAR);
}
