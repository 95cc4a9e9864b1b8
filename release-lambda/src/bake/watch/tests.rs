use serde_json::json;

use super::*;

const OK: AlarmState = AlarmState::Ok;
const ALARM: AlarmState = AlarmState::Alarm;
const SILENT: AlarmState = AlarmState::InsufficientData;

/// So many seconds after the beginning.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn properties() -> Properties {
    Properties::read(&json!({ "Duration": "30m", "Alarms": ["a", "b"], "PollSeconds": 10 })).unwrap()
}

fn alarm(name: &str, state: AlarmState) -> (Option<String>, AlarmView) {
    (None, AlarmView { reason: Some("1 > 0".into()), ..AlarmView::new(name, state) })
}

/// Both are OK; the first changed last at this time.
fn changed(seconds: i64) -> Input {
    let (region, view) = alarm("a", OK);
    Input::Read(Ok(vec![(region, AlarmView { changed: Some(at(seconds)), ..view }), alarm("b", OK)]))
}

#[test]
fn an_alarm_that_fired_and_recovered_between_two_looks_fails() {
    let (watch, _) = advance(under_way(), 100, changed(-500));
    assert_eq!(
        advance(watch.clone(), 110, changed(-500)).1,
        Action::Wait(at(120)),
        "what was before is of no interest"
    );
    let (watch, action) = advance(watch, 110, changed(108));
    assert_eq!(action, Action::History(vec![(Alarm::named("a"), at(-500))]));
    let change = |seconds, to| AlarmChange { at: at(seconds), to };
    let past = Input::History(vec![Ok(vec![change(105, ALARM), change(108, OK)])]);
    let reason = failed(advance(watch.clone(), 110, past).1);
    assert!(reason.starts_with("in ALARM at ") && reason.ends_with("between two looks: a"), "{reason}");
    let past = Input::History(vec![Ok(vec![change(105, SILENT), change(108, OK)])]);
    let (then, action) = advance(watch.clone(), 110, past);
    assert_eq!((then.changed["a"], action), (at(108), Action::Wait(at(120))));
    // What cannot be read, or does not tell yet, is asked for again.
    for unknown in [Err("AccessDenied".to_owned()), Ok(vec![]), Ok(vec![change(105, SILENT)])] {
        let (then, action) = advance(watch.clone(), 1_800, Input::History(vec![unknown]));
        assert_eq!((then.changed["a"], action), (at(-500), Action::Wait(at(1_810))), "held");
    }
}

#[test]
fn what_nobody_watched_is_made_up_for() {
    let (watch, _) = advance(under_way(), 100, alarms(OK, OK));
    let (watch, _) = advance(watch, 130, alarms(OK, OK));
    assert_eq!(watch.unwatched, Duration::ZERO, "a little late counts");
    let (watch, _) = advance(watch, 430, alarms(OK, OK));
    assert_eq!(watch.unwatched, Duration::from_secs(300));
    let watch = Watch { looked: Some(at(1_795)), ..watch };
    assert_eq!(advance(watch.clone(), 1_800, alarms(OK, OK)).1, Action::Wait(at(1_810)));
    let watch = Watch { looked: Some(at(2_095)), ..watch };
    let (_, Action::Succeed(said)) = advance(watch, 2_100, alarms(OK, OK)) else { panic!("expected success") };
    assert!(said.contains("5 min more"), "{said}");
    let (_, action) = advance(Watch { looked: Some(at(100)), ..under_way() }, 2_000, alarms(OK, OK));
    assert!(failed(action).contains("nobody looked at the alarms for 31 min 40 s"));
}

#[test]
fn each_alarm_says_what_missing_data_means() {
    let with = |policy: &str| {
        let alarms = json!([{ "Alarm": "a", "MissingData": policy }]);
        let properties = Properties::read(&json!({ "Duration": "30m", "Alarms": alarms })).unwrap();
        under_way().advance(&properties, at(2_400), at(1_800), Input::Read(Ok(vec![alarm("a", SILENT)]))).1
    };
    assert!(matches!(with("ok"), Action::Succeed(_)));
    assert!(matches!(with("hold"), Action::Wait(_)));
    assert!(matches!(with("roll-back"), Action::Fail(_)));
}

fn alarms(a: AlarmState, b: AlarmState) -> Input {
    Input::Read(Ok(vec![alarm("b", b), alarm("a", a)]))
}

/// A bake under way, all of whose alarms were there.
fn under_way() -> Watch {
    Watch { polls: 7, seen: true, ..Watch::new(at(0)) }
}

fn advance(watch: Watch, seconds: i64, input: Input) -> (Watch, Action) {
    watch.advance(&properties(), at(seconds + 600), at(seconds), input)
}

fn failed(action: Action) -> String {
    match action {
        Action::Fail(reason) => reason,
        other => panic!("expected a failure, not {other:?}"),
    }
}

#[test]
fn it_reads_waits_and_succeeds_at_the_end() {
    let (watch, action) = advance(Watch::new(at(0)), 0, Input::Begun);
    assert_eq!(action, Action::Read);
    let (watch, action) = advance(watch, 0, alarms(OK, OK));
    assert_eq!(action, Action::Wait(at(10)));
    assert_eq!((watch.polls, watch.seen), (1, true));
    assert_eq!(advance(watch.clone(), 10, Input::Woke).1, Action::Read);
    assert_eq!(
        advance(Watch { looked: Some(at(1_790)), ..watch.clone() }, 1_795, alarms(OK, OK)).1,
        Action::Wait(at(1_800)),
        "the last look is at the end"
    );
    let (_, action) = advance(Watch { looked: Some(at(1_795)), ..watch }, 1_800, alarms(OK, OK));
    assert_eq!(action, Action::Succeed("every alarm was OK at the end of 30 min, read 2 times".into()));
}

#[test]
fn one_alarm_is_enough_to_fail() {
    let reason = failed(advance(under_way(), 750, alarms(OK, ALARM)).1);
    assert_eq!(reason, "in ALARM 12 min 30 s into the bake: b (1 > 0)");
    assert!(failed(advance(under_way(), 1_800, alarms(ALARM, SILENT)).1).ends_with(": a (1 > 0)"), "also at the end");
    let before = failed(advance(Watch::new(at(0)), 0, alarms(ALARM, ALARM)).1);
    assert!(before.starts_with("in ALARM before the bake began: a (1 > 0), b (1 > 0)"), "{before}");
}

#[test]
fn an_alarm_that_never_was_is_a_mistake_and_one_that_vanished_is_waited_for() {
    let only_a = || Input::Read(Ok(vec![alarm("a", OK)]));
    assert!(failed(advance(Watch::new(at(0)), 0, only_a()).1).starts_with("no such alarm: b"));
    assert_eq!(advance(under_way(), 1_900, only_a()).1, Action::Wait(at(1_910)));
    assert!(failed(advance(under_way(), 3_475, only_a()).1).contains("no such alarm any more: b"));
}

#[test]
fn what_says_nothing_holds_and_is_not_proven_in_the_end() {
    let unreadable = || Input::Read(Err("AccessDenied: not authorized".into()));
    for (input, said) in [
        (alarms(OK, SILENT), "INSUFFICIENT_DATA says nothing about health: b (1 > 0)"),
        (unreadable(), "could not be read: AccessDenied"),
    ] {
        assert_eq!(advance(under_way(), 900, input.clone()).1, Action::Wait(at(910)));
        assert_eq!(advance(under_way(), 1_800, input.clone()).1, Action::Wait(at(1_810)), "held");
        let reason = failed(advance(under_way(), 3_475, input).1);
        assert!(reason.starts_with("not proven: ") && reason.contains(said), "{reason}");
        assert!(reason.contains("57 min 55 s"), "{reason}");
    }
    assert!(matches!(advance(under_way(), 3_400, alarms(OK, OK)).1, Action::Succeed(_)), "held, then proven");
}

#[test]
fn it_hands_over_before_lambda_ends_the_invocation() {
    let (properties, now) = (properties(), at(890));
    let step = |watch: Watch, deadline| watch.advance(&properties, deadline, now, alarms(OK, OK));
    assert_eq!(step(under_way(), at(916)).1, Action::Wait(at(900)));
    let (watch, action) = step(under_way(), at(915));
    assert_eq!((watch.rounds, action), (1, Action::HandOver));
    assert_eq!(watch.clone().advance(&properties, at(1_800), at(901), Input::Begun), (watch, Action::Read));
    let spent = Watch { rounds: MOST_ROUNDS, ..under_way() };
    assert!(failed(step(spent, at(900)).1).contains("Timeout to 900"));
}

#[test]
fn a_function_that_may_run_for_seconds_only_is_refused_at_once() {
    for (seconds, fits) in [(3, false), (60, false), (164, false), (165, true), (900, true)] {
        let (_, action) = Watch::new(at(0)).advance(&properties(), at(seconds), at(0), Input::Begun);
        assert_eq!(action == Action::Read, fits, "{seconds}: {action:?}");
    }
}

#[test]
fn a_bake_ends_whatever_is_read() {
    for input in [alarms(OK, OK), alarms(SILENT, OK), Input::Read(Err(String::new()))] {
        let (mut watch, mut now, mut deadline) = (Watch::new(at(0)), at(0), at(900));
        let mut next = Input::Begun;
        for step in 0.. {
            assert!(step < 2_000, "it goes on for ever");
            let (then, action) = watch.advance(&properties(), deadline, now, next);
            watch = then;
            next = match action {
                Action::Read => input.clone(),
                Action::Wait(time) => {
                    assert!(time > now && after(time, MARGIN) < deadline);
                    now = time;
                    Input::Woke
                }
                Action::History(_) => panic!("no alarm changed"),
                Action::HandOver => {
                    deadline = after(now, Duration::from_secs(900));
                    Input::Begun
                }
                Action::Succeed(_) | Action::Fail(_) => break,
            };
        }
        assert!(now <= at(3_480), "answered before CloudFormation's hour is over");
        assert!(watch.rounds <= 4);
    }
}
