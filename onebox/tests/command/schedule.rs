use serde_json::{Value, json};

use crate::{CONFIG, Desk, pinned};

fn desk(steps: &[(&str, &str)]) -> Desk {
    let steps: Vec<_> = steps.iter().map(|(at, share)| format!("{{ at = \"{at}\", share = \"{share}\" }}")).collect();
    Desk::with(&pinned(CONFIG).replace("\"20%\"", &format!("[\n{},\n]", steps.join(",\n"))))
}

const RAMP: [(&str, &str); 3] =
    [("2026-11-20T12:00:00Z", "1%"), ("2026-11-20T14:00:00+01:00", "25%"), ("2026-11-20T14:00:00Z", "100%")];

#[test]
fn a_schedule_is_drawn() {
    let desk = desk(&RAMP);
    let done = desk.run(&["check", "--now", "2026-11-20T11:59:59Z"]);
    assert_eq!((done.code, &*done.err), (Some(0), ""));
    let lines: Vec<_> = done.out.lines().skip(1).take(4).collect();
    assert_eq!(
        lines,
        [
            "  release   web-2026-11-20, 0% on the one-box now",
            "  share     2026-11-20T12:00:00Z          1%  ▎",
            "            2026-11-20T13:00:00Z         25%  █████",
            "            2026-11-20T14:00:00Z        100%  ████████████████████",
        ]
    );
    let done = desk.run(&["check", "--now", "2026-11-20T13:00:00Z"]);
    assert!(done.out.contains("  release   web-2026-11-20, 25% on the one-box now\n"), "{}", done.out);
    assert!(done.out.contains("25%  █████  now\n"), "{}", done.out);
}

#[test]
fn the_chart_is_coloured_only_where_that_is_wanted() {
    let desk = desk(&RAMP);
    for (name, coloured) in [("CLICOLOR_FORCE", true), ("NO_COLOR", false)] {
        let output = desk.command().arg("check").env(name, "1").output().unwrap();
        assert_eq!(output.stdout.contains(&0x1b), coloured, "{name}");
    }
}

#[test]
fn the_steps_are_there_for_machines() {
    let done = desk(&RAMP).run(&["check", "--json", "--now", "2026-11-20T11:00:00Z"]);
    let found: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        found,
        json!({ "ok": true, "problems": [], "warnings": [], "ramp": [
            { "at": "2026-11-20T12:00:00Z", "share": "1%" },
            { "at": "2026-11-20T13:00:00Z", "share": "25%" },
            { "at": "2026-11-20T14:00:00Z", "share": "100%" },
        ] })
    );
}

/// The warnings of a check at 11:00.
fn warnings(steps: &[(&str, &str)], args: &[&str]) -> Vec<String> {
    let done = desk(steps).run(&[&["check", "--now", "2026-11-20T11:00:00Z"], args].concat());
    assert_eq!(done.code, Some(0), "{}", done.err);
    done.err.lines().map(|line| line.replace("warning: onebox.toml:", "")).collect()
}

#[test]
fn steps_in_the_past_are_a_warning() {
    let steps = [("2026-11-20T09:00:00Z", "1%"), ("2026-11-20T11:00:00Z", "5%"), ("2026-11-20T13:00:00Z", "100%")];
    assert_eq!(
        warnings(&steps, &[]),
        [
            "6:1: release.share.1: this step and those before it, 2 of 3, are in the past: what is deployed now begins at 5%"
        ]
    );
    assert_eq!(
        warnings(&steps[..1], &[]),
        ["5:1: release.share.0: this step of 1 is in the past: what is deployed now begins at 1%"]
    );
}

#[test]
fn a_share_that_falls_is_a_warning() {
    let steps = [("2026-11-20T12:00:00Z", "20%"), ("2026-11-20T13:00:00Z", "5%"), ("2026-11-20T14:00:00Z", "0%")];
    assert_eq!(
        warnings(&steps, &[]),
        [
            "6:32: release.share.1.share: falls from 20% to 5%: visitors on the one-box will be moved to the regular side",
            "7:32: release.share.2.share: falls from 5% to 0%: everybody on the one-box will be moved to the regular side",
        ]
    );
}

#[test]
fn a_share_that_proves_little_is_a_warning_with_its_figures() {
    let steps = [("2026-11-20T12:00:00Z", "1%"), ("2026-11-20T12:10:00Z", "100%")];
    assert_eq!(
        warnings(&steps, &[]),
        [
            "5:32: release.share.0.share: proves little: of 10 requests a second (an assumption: `--traffic`) 1% are 60 in \
          10m, and an error that strikes 1% of them shows with 95% certainty only within 299; a share of 4.984% would do"
        ]
    );
    assert!(warnings(&steps, &["--traffic", "50"]).is_empty());
    let steps = [("2026-11-20T12:00:00Z", "50%"), ("2026-11-20T12:00:01Z", "100%")];
    assert!(warnings(&steps, &[])[0].ends_with("299; no share would do: give it more time"));
    let desk = Desk::with(&CONFIG.replace("20%", "0.1%"));
    let done = desk.run(&["check"]);
    assert!(done.err.contains("4:1: release.share: proves little: of 10 requests a second"), "{}", done.err);
    assert!(done.err.contains(" 0.1% are 36 in 1h, "), "{}", done.err);
    assert_eq!(desk.run(&["check", "--traffic", "0"]).code, Some(64));
}

#[test]
fn decide_goes_by_the_time_it_is_given() {
    let desk = desk(&RAMP);
    // Bucket 76282, as `a_request_and_its_event_get_one_answer` says.
    let line = br#"{"headers":{"cookie":"session=7f3a"}}"#;
    for (now, partition, source) in [
        ("2026-11-20T11:59:59.999Z", "regular", "share-zero"),
        ("2026-11-20T12:00:00Z", "regular", "cookie:session"),
        ("2026-11-20T13:59:59.999Z", "regular", "cookie:session"),
        ("2026-11-20T14:00:00Z", "one-box", "cookie:session"),
        ("2126-01-01T00:00:00Z", "one-box", "cookie:session"),
        ("0001-01-01T00:00:00Z", "regular", "share-zero"),
    ] {
        let done = desk.run_with(&["decide", "--now", now], line);
        let found: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!((&found["partition"], &found["source"]), (&json!(partition), &json!(source)), "{now}");
    }
}

#[test]
fn a_machine_without_now_goes_by_its_own_clock() {
    let line = br#"{"headers":{"cookie":"session=7f3a"}}"#;
    for (at, source) in [("2020-01-01T00:00:00Z", "cookie:session"), ("9999-01-01T00:00:00Z", "share-zero")] {
        let found: Value = serde_json::from_str(&desk(&[(at, "100%")]).run_with(&["decide"], line).out).unwrap();
        assert_eq!(found["source"], source);
    }
}
