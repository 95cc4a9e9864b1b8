//! The driver with an account in this process, and a clock that jumps.

use std::{
    future::pending,
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::SignedDuration;
use onebox_release::{AlarmState, Answer, Call, Event, Header, Journal, Routing, Stage};
use onebox_sim::control::ControlPlane;
use serde_json::json;
use tempfile::TempDir;
use tokio::{sync::watch, time::Instant};

use super::*;
use crate::release::{
    folder::Folder,
    orders::{Order, What},
    stop::{Asked, OnStop},
    store::Local,
    tell::Teller,
};

/// An account whose hooks never answer.
struct Account {
    plane: Mutex<ControlPlane>,
    clock: TestClock,
}

impl Calls for Account {
    async fn call(&self, call: &Call) -> Answer {
        if matches!(call, Call::Invoke { .. }) {
            return pending().await;
        }
        self.plane.lock().unwrap().call(call, self.clock.now())
    }
}

/// A clock that goes by the paused time of a test, and can be set.
#[derive(Clone)]
struct TestClock {
    began: Instant,
    set: std::sync::Arc<AtomicI64>,
}

impl TestClock {
    fn new() -> Self {
        Self { began: Instant::now(), set: Default::default() }
    }

    fn now(&self) -> Timestamp {
        let noon: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap();
        noon + passed + SignedDuration::from_secs(self.set.load(Ordering::Relaxed))
    }

    fn turn_back(&self, seconds: i64) {
        self.set.fetch_sub(seconds, Ordering::Relaxed);
    }
}

/// What a test holds while a driver drives.
struct Held {
    folder: Folder,
    _temporary: TempDir,
    asked: watch::Sender<Asked>,
    clock: TestClock,
}

/// A release of `orders:live` from 6 to 7, with more in its tables.
fn plan(release: &serde_json::Value, backend: &serde_json::Value) -> Plan {
    let mut tree = json!({
        "release": { "id": "r", "alarms": ["red"], "poll": "10s", "final_bake": "1m" },
        "backend": [{ "function": "orders", "alias": "live", "target": "7", "strategy": "Canary10Percent5Minutes" }],
    });
    tree["release"].as_object_mut().unwrap().extend(release.as_object().unwrap().clone());
    tree["backend"][0].as_object_mut().unwrap().extend(backend.as_object().unwrap().clone());
    Plan::read(&tree).unwrap()
}

/// Drives a release beside what a person does.
async fn drive(plan: &Plan, beside: impl AsyncFnOnce(&Held)) -> (Driven, Journal) {
    drive_with(plan, OnStop::Leave, beside).await
}

async fn drive_with(plan: &Plan, on_stop: OnStop, beside: impl AsyncFnOnce(&Held)) -> (Driven, Journal) {
    let clock = TestClock::new();
    let mut plane = ControlPlane::default();
    plane.function("orders", 7, clock.now());
    plane.alias("orders", "live", &Routing::wholly("6")).unwrap();
    plane.set_alarm("red", AlarmState::Ok, clock.now());
    let account = Account { plane: Mutex::new(plane), clock: clock.clone() };
    let temporary = TempDir::new().unwrap();
    let folder = Folder::new(temporary.path().join("r"));
    let header = Header::new(plan.clone(), clock.now());
    let pen = folder.begin(folder.lock_to_drive().await.unwrap(), &header).unwrap();
    let (asked, stop) = watch::channel(Asked::default());
    let held = Held { folder: folder.clone(), _temporary: temporary, asked, clock: clock.clone() };
    let now = move || clock.now();
    let mut driver = Driver {
        plan,
        calls: &account,
        clock: &now,
        diary: Diary {
            store: Local { pen, orders: folder.orders().after(0), given: None },
            printer: Printer::start(Teller::past("r", true)),
        },
        stop: Stop::of(stop, on_stop),
    };
    let state = State::new(plan, now());
    let (driven, ()) = tokio::join!(driver.drive(state, Input::Resume), beside(&held));
    (driven.unwrap(), folder.read().unwrap().unwrap())
}

fn order(held: &Held, order: What) {
    let order = Order { at: held.clock.now(), order, because: "said so".to_owned() };
    held.folder.orders().leave(&order).unwrap();
}

fn seconds(journal: &Journal) -> i64 {
    journal.state().clock.duration_since(journal.header.at).as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_does_not_keep_an_abort_waiting() {
    let plan = plan(&json!({}), &json!({ "before": "hangs" }));
    let (driven, journal) = drive(&plan, async |held| {
        tokio::time::sleep(Duration::from_secs(30)).await;
        // An approval means nothing to a hook, and does not hide the abort behind it.
        order(held, What::Promote);
        order(held, What::Abort);
    })
    .await;
    assert_eq!(driven, Driven::To(Ending::RolledBack("aborted: said so".into())));
    assert_eq!((seconds(&journal), journal.orders()), (30, 2));
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_twice_does_not_wait_for_the_hook() {
    let plan = plan(&json!({}), &json!({ "before": "hangs" }));
    let began = Instant::now();
    let (driven, journal) = drive(&plan, async |held| {
        for second in [20, 40] {
            tokio::time::sleep_until(began + Duration::from_secs(second)).await;
            held.asked.send_modify(|asked| asked.times += 1);
        }
    })
    .await;
    assert_eq!((driven, began.elapsed().as_secs()), (Driven::Interrupted, 40));
    assert_eq!(journal.ending(), None);
    assert!(matches!(&journal.state().effect, Effect::Call { calls, .. } if calls[0].operation() == "Invoke"));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_turned_back_stretches_nothing() {
    let plan = plan(&json!({}), &json!({}));
    let began = Instant::now();
    let (driven, journal) = drive(&plan, async |held| {
        tokio::time::sleep(Duration::from_secs(65)).await;
        held.clock.turn_back(3600);
    })
    .await;
    assert_eq!(driven, Driven::To(Ending::Released));
    // Five minutes of a step and one of the final bake, and not an hour more.
    assert!((360..=400).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    let noted = |event: &Event| matches!(event, Event::Noted { note } if note.contains("clock"));
    assert!(journal.records.iter().flat_map(|record| record.events()).any(noted));
}

#[tokio::test(start_paused = true)]
async fn an_order_is_heard_in_the_middle_of_a_wait() {
    let plan = plan(&json!({ "poll": "1h" }), &json!({}));
    let began = Instant::now();
    let (driven, journal) = drive(&plan, async |held| {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        order(held, What::Promote);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        order(held, What::Abort);
    })
    .await;
    assert_eq!(driven, Driven::To(Ending::RolledBack("aborted: said so".into())));
    assert!((3000..=3300).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert_eq!(journal.orders(), 2);
}

/// Whoever cancels a job of CI asks once, and kills soon: a hook that hangs, or a wait, keeps nobody waiting.
#[tokio::test(start_paused = true)]
async fn a_driver_that_is_stopped_puts_everything_back_where_that_is_wanted() {
    let aborted = "aborted: the command was stopped (--on-stop roll-back)";
    for (backend, at) in [(json!({ "before": "hangs" }), 30), (json!({}), 65)] {
        let plan = plan(&json!({}), &backend);
        let began = Instant::now();
        let (driven, journal) = drive_with(&plan, OnStop::RollBack, async |held| {
            tokio::time::sleep(Duration::from_secs(at)).await;
            held.asked.send_modify(|asked| asked.times += 1);
            // What the system sends next stops nothing any more.
            tokio::time::sleep(Duration::from_millis(1)).await;
            held.asked.send_modify(|asked| asked.times += 1);
        })
        .await;
        assert_eq!(driven, Driven::To(Ending::RolledBack(aborted.into())));
        assert!((at..=at + 1).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        assert!(journal.is_over());
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_ctrl_c_stops_a_rollback_that_takes_too_long() {
    let plan = plan(&json!({ "poll": "1m" }), &json!({}));
    let (driven, journal) = drive_with(&plan, OnStop::RollBack, async |held| {
        tokio::time::sleep(Duration::from_secs(65)).await;
        held.asked.send_modify(|asked| *asked = Asked { times: 2, interrupts: 2 });
    })
    .await;
    assert_eq!((driven, journal.ending()), (Driven::Interrupted, None));
    assert_eq!(journal.state().stage, Stage::RollBack);
}
