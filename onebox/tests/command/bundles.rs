//! What is packaged, under a real Node.js.

use std::process::Command;

use serde_json::{Value, json};

use crate::{ALL, Desk, node, package::packaged};

/// What a module prints in Node.js, as JSON.
fn in_node(desk: &Desk, script: &str, args: &[&str]) -> Value {
    let node = Command::new(node())
        .args(["--input-type=module", "--eval", script, "--"])
        .args(args)
        .current_dir(desk.path())
        .output()
        .unwrap_or_else(|error| {
            panic!("node cannot be started ({error}): install Node.js 20 or later, or name it in ONEBOX_NODE")
        });
    assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
    serde_json::from_slice(&node.stdout).unwrap()
}

#[test]
fn what_init_writes_is_packaged_and_agrees_with_decide_under_node() {
    let desk = Desk::empty();
    for verb in ["init", "check", "package"] {
        let done = desk.run(&[verb]);
        assert_eq!(done.code, Some(0), "{verb}: {done:?}");
        // Its pin is not signed: `what_init_writes_is_what_check_accepts`.
        assert!(done.err.is_empty() || verb == "check", "{verb}: {done:?}");
    }
    let mut events = String::new();
    for visitor in 0..500 {
        let headers = match visitor % 3 {
            0 => format!(r#"{{"cookie":[{{"key":"Cookie","value":"a=b; session={visitor:x}é"}}]}}"#),
            1 => format!(r#"{{"user-agent":[{{"key":"User-Agent","value":"Browser/{visitor}"}}]}}"#),
            _ => "{}".to_owned(),
        };
        let request = format!(r#"{{"clientIp":"203.0.113.{}","uri":"/","headers":{headers}}}"#, visitor % 256);
        events += &format!("{{\"Records\":[{{\"cf\":{{\"request\":{request}}}}}]}}\n");
    }
    let decided: Vec<Value> = desk
        .run_with(&["decide"], events.as_bytes())
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["partition"].clone())
        .collect();
    assert_eq!(decided.len(), 500);
    assert!(decided.contains(&json!("one-box")));

    let events = desk.write("events.jsonl", events.as_bytes());
    const SCRIPT: &str = "
        import { readFileSync } from 'node:fs';
        import { handler } from './dist/viewer-request/index.mjs';
        const lines = readFileSync(process.argv[1], 'utf8').trim().split('\\n');
        const requests = await Promise.all(lines.map((line) => handler(JSON.parse(line))));
        console.log(JSON.stringify(requests.map(({ headers }) => headers['x-req-partition'][0].value)));
    ";
    assert_eq!(in_node(&desk, SCRIPT, &[events.to_str().unwrap()]), json!(decided));
}

#[test]
fn a_node_service_decides_as_decide_does() {
    const SCRIPT: &str = "
        import { readFileSync } from 'node:fs';
        import { decide } from './dist/node/index.mjs';
        const lines = readFileSync(process.argv[1], 'utf8').trim().split('\\n').map((line) => JSON.parse(line));
        console.log(JSON.stringify(lines.map((line) => decide(line, Number(process.argv[2])))));
    ";
    let schedule =
        r#"[{ at = "2026-11-20T12:00:00Z", share = "20%" }, { at = "2026-11-20T13:00:00Z", share = "70%" }]"#;
    let desk = Desk::with(&ALL.replace("\"20%\"", schedule));
    assert_eq!(desk.run(&["package"]).code, Some(0));
    let args = ["token", "--partition", "one-box", "--for", "1h", "--now", "2026-11-20T12:00:00Z", "--json"];
    let token: Value = serde_json::from_str(&desk.run(&args).out).unwrap();
    let token = token["token"].as_str().unwrap();
    let pin = "__Host-onebox=web-2026-11-20.4711.b4a2c0afeb799e05";
    let visits: Vec<_> = (0..600)
        .map(|visitor| match visitor % 8 {
            0 => json!({ "headers": { "Cookie": format!("a=b; session={visitor}é") } }),
            1 => json!({ "headers": { "cookie": ["a", format!("session={visitor}")], "onebox-force": token } }),
            2 => json!({ "headers": { "user-agent": format!("Browser/{visitor}") }, "clientIp": "203.0.113.7" }),
            3 => json!({ "headers": { "user-agent": ["SomeBot/1", "x"] } }),
            4 => json!({ "headers": { "cookie": format!("{pin}; session={visitor}") } }),
            5 => json!({ "headers": { "cookie": format!("{pin}0; onebox-force={token}; session={visitor}") } }),
            6 => json!({ "headers": { "USER-AGENT": format!("Browser/{visitor}"), "__proto__": "x" } }),
            _ => json!({ "headers": {}, "clientIp": "203.0.113.7" }),
        })
        .collect();
    let lines: String = visits.iter().map(|visit| format!("{visit}\n")).collect();
    let file = desk.write("visits.jsonl", lines.as_bytes());
    for now in ["2026-11-20T11:59:59Z", "2026-11-20T12:59:59Z", "2026-11-20T13:00:00Z"] {
        let decided = desk.run_with(&["decide", "--now", now], lines.as_bytes()).out;
        let decided: Vec<Value> = decided.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let millis = now.parse::<onebox_core::Time>().unwrap().unix_millis().to_string();
        assert_eq!(in_node(&desk, SCRIPT, &[file.to_str().unwrap(), &millis]), json!(decided), "{now}");
        let count = |source: &str| decided.iter().filter(|decision| decision["source"] == source).count();
        match now {
            "2026-11-20T12:59:59Z" => {
                assert_eq!((count("override"), count("crawler"), count("pin"), count("none")), (150, 75, 75, 75));
            }
            "2026-11-20T13:00:00Z" => assert_eq!((count("override"), count("pin")), (0, 75)),
            _ => assert_eq!(count("override") + count("share-zero"), 600),
        }
    }
}

#[test]
fn a_node_service_may_hand_in_what_it_has() {
    const SCRIPT: &str = "
        import { decide } from './dist/node/index.mjs';
        const cookie = 'session=7f3a';
        console.log(JSON.stringify([
            decide({ headers: new Headers({ cookie }) }),
            decide({ headers: new Map([['Cookie', cookie]]) }, new Date()),
            decide({ headers: { cookie, 'user-agent': undefined } }),
            decide({ headers: { cookie: ['a=b', cookie] } }),
            decide({ headers: { cookie: 7 } }),
            decide({}),
            decide(),
            decide(null),
            decide({ headers: [7] }),
        ]));
    ";
    let found = in_node(&packaged(), SCRIPT, &[]);
    let session = json!({ "partition": "regular", "bucket": 76282, "source": "cookie:session" });
    let none = json!({ "partition": "regular", "bucket": null, "source": "none" });
    assert_eq!(found, json!([session, session, session, session, none, none, none, none, none]));
}
