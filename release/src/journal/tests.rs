//! Journals that are whole, cut, broken and newer.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{Executed, HookPayload, Shift, Stage, Strategy, Target, Via, When};

fn plan() -> Plan {
    Plan {
        id: "web-1".into(),
        region: None,
        account: None,
        via: Via::Lambda,
        backends: vec![Shift {
            function: "orders".into(),
            alias: "live".into(),
            target: Target::Version("7".into()),
            strategy: Strategy::AllAtOnce,
            before: None,
            after: None,
            codedeploy: None,
        }],
        one_box: None,
        regular: None,
        bake: Duration::ZERO,
        final_bake: Duration::ZERO,
        poll: Duration::from_secs(10),
        alarms: vec![crate::Alarm::named("web-5xx")],
        ignored: Vec::new(),
        protect: true,
        health: serde_json::from_str(HEALTH).unwrap(),
    }
}

/// Nothing is asked.
const HEALTH: &str = r#"{"min-requests":0,"hold":{"secs":60,"nanos":0},"settled":{"secs":0,"nanos":0},"not-proven":"stop",
    "comparison":null,"version-alarms":null}"#;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn state(effect: Effect, events: Vec<Event>) -> State {
    State { effect, events, ..State::new(&plan(), at(0)) }
}

fn hook() -> Call {
    let (release, function, alias, version) = ("web-1".into(), "orders".into(), "live".into(), "7".into());
    let payload = HookPayload { release, function, alias, version, when: When::Before };
    Call::Invoke { function: "smoke".into(), payload }
}

fn look() -> Call {
    Call::GetAlias { function: "orders".into(), alias: "live".into() }
}

/// A journal of three records.
fn text() -> String {
    let stop = Effect::Stop { ending: Ending::RolledBack("the alarm web-5xx fired".into()) };
    let states = [
        state(Effect::Wait { until: at(0) }, vec![Event::Began]),
        state(Effect::Call { calls: vec![look(), hook(), hook()], meanwhile: vec![] }, vec![]),
        State { stage: Stage::Over, ..state(stop, vec![]) },
    ];
    let header = Header { profile: Some("shop".into()), ..Header::new(plan(), at(0)) };
    let (mut text, mut chain) = Chain::default().seal(&header).unwrap();
    for (seq, state) in (1..).zip(states) {
        let (line, next) = chain.seal(&Record::new(seq, at(0), seq / 3, state)).unwrap();
        text.push_str(&line);
        chain = next;
    }
    text
}

#[test]
fn what_was_written_is_read_and_begins_with_words() {
    let journal = Journal::read(text().as_bytes()).unwrap();
    assert_eq!((journal.header.plan.clone(), journal.header.profile.as_deref()), (plan(), Some("shop")));
    assert_eq!((journal.whole, journal.cut, journal.orders()), (text().len(), false, 1));
    assert_eq!(journal.state().stage, Stage::Over);
    assert!(journal.is_over());
    let lines: Vec<_> = text().lines().map(str::to_owned).collect();
    assert!(
        lines[0]
            .starts_with(r#"{"onebox-journal":2,"at":"1970-01-01T00:00:00Z","text":"journal of the release web-1""#)
    );
    assert!(
        lines[1].starts_with(r#"{"at":"1970-01-01T00:00:00Z","text":"the release begins","seq":1"#),
        "{}",
        lines[1]
    );
    assert!(lines[2].contains(r#""text":"next: GetAlias Invoke ×2""#), "{}", lines[2]);
    assert!(lines[3].contains(r#""text":"rolled back: the alarm web-5xx fired""#), "{}", lines[3]);
}

#[test]
fn a_journal_without_records_stands_before_its_first_step() {
    let header = Chain::default().seal(&Header::new(plan(), at(7))).unwrap().0;
    let journal = Journal::read(header.as_bytes()).unwrap();
    assert_eq!(journal.state(), State::new(&plan(), at(7)));
    assert!(!journal.is_over());
}

proptest! {
    #[test]
    fn wherever_it_is_cut_the_whole_lines_stay(cut in 0..text().len()) {
        let text = text();
        let whole = text[..text.floor_char_boundary(cut)].matches('\n').count();
        match Journal::read(&text.as_bytes()[..cut]) {
            Err(error) => prop_assert_eq!((whole, error), (0, JournalError::Empty)),
            Ok(journal) => {
                prop_assert_eq!(journal.records.len(), whole - 1);
                prop_assert_eq!(journal.cut, journal.whole < cut);
                prop_assert_eq!(text[..journal.whole].matches('\n').count(), whole);
            }
        }
    }

    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), keep in 0..text().len()) {
        let _ = Journal::read(&bytes);
        let _ = Journal::read(&[&text().as_bytes()[..keep], &*bytes].concat());
    }
}

#[test]
fn only_a_last_line_without_its_end_is_cut() {
    let error = Journal::read(format!("{}\0\0\0\n", text()).as_bytes()).unwrap_err();
    assert!(matches!(error, JournalError::Broken { line: 5, .. }), "{error}");
}

#[test]
fn a_line_that_is_lost_copied_or_moved_is_refused() {
    let text = text();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let whole = lines.len();
    let mut variants = Vec::new();
    // Without the last line it is the journal of an earlier moment.
    variants.extend((0..whole - 1).map(|lost| (0..whole).filter(|line| *line != lost).collect::<Vec<_>>()));
    variants.extend((0..whole).map(|copied| (0..=copied).chain(copied..whole).collect()));
    for one in 0..whole {
        for other in one + 1..whole {
            let mut order: Vec<_> = (0..whole).collect();
            order.swap(one, other);
            variants.push(order);
        }
    }
    for order in variants {
        let text: String = order.iter().map(|line| lines[*line]).collect();
        assert!(Journal::read(text.as_bytes()).is_err(), "{order:?}");
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let text = text();
    for at in 0..text.len() {
        for change in [1, 0x20, 0x80] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= change;
            assert!(Journal::read(&bytes).is_err(), "byte {at} of {}: {change}", text.len());
        }
        let mut bytes = text.clone().into_bytes();
        if bytes[at] != b'\n' {
            bytes[at] = b'\n';
            assert!(Journal::read(&bytes).is_err(), "byte {at} is a line feed");
        }
    }
}

#[test]
fn what_never_changes_is_the_same_in_every_line() {
    let sealed = |state: State| {
        let (mut text, chain) = Chain::default().seal(&Header::new(plan(), at(0))).unwrap();
        text.push_str(&chain.seal(&Record::new(1, at(0), 0, state)).unwrap().0);
        Journal::read(text.as_bytes())
    };
    let mut other = State::new(&plan(), at(0));
    assert!(sealed(other.clone()).is_ok());
    other.lanes[0].alias = "other".into();
    assert!(sealed(other).unwrap_err().to_string().contains("other ones than the plan's"));
}

#[test]
fn a_newer_format_is_named_before_anything_else_is_read() {
    let first = "{\"onebox-journal\":3,\"plan\":\"who knows\"}\n";
    assert_eq!(Journal::read(first.as_bytes()), Err(JournalError::Newer { version: 3 }));
    let later = format!("{}{{\"seq\":4,\"state\":{{\"version\":9}}}}\n", text());
    let error = Journal::read(later.as_bytes()).unwrap_err();
    assert_eq!(error, JournalError::Newer { version: 9 });
    assert!(error.to_string().contains("written by a newer onebox"));
}

#[test]
fn what_only_looks_is_not_kept() {
    let of = vec![Executed { function: "orders".into(), alias: "live".into(), version: "7".into() }];
    let looks = vec![
        look(),
        Call::DescribeAlarms { names: vec![], region: None },
        Call::GetMetricData { of, from: at(0), to: at(60) },
        Call::GetDeployment { id: "d".into() },
    ];
    let call = |calls| Effect::Call { calls, meanwhile: vec![] };
    assert!(!worth_keeping(&state(call(looks.clone()), vec![])));
    assert!(!worth_keeping(&state(Effect::Wait { until: at(9) }, vec![])));
    assert!(worth_keeping(&state(call(looks.clone()), vec![Event::Resumed])));
    assert!(worth_keeping(&state(call([looks, vec![hook()]].concat()), vec![])));
    assert!(worth_keeping(&state(Effect::Stop { ending: Ending::Released }, vec![])));
}
