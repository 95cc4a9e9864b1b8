//! The page and the small API behind it.

use super::*;

fn a_new_share_is_live(runtime: &str) {
    let demo = Demo::start(&["--share", "0%", "--runtime", runtime, "--node", &node()]);
    let sessions: Vec<_> = (0..20).map(|session| session.to_string()).collect();
    let side = |session: &String| {
        let page = demo.get("/", session);
        assert_eq!(page.status, 200, "{page:?}");
        page.release().to_owned()
    };
    assert!(sessions.iter().all(|session| side(session) == "A"));
    assert_eq!(demo.state("1")["visitor"], json!({"partition": "regular", "bucket": null, "source": "share-zero"}));

    let answer = demo.order("/__onebox/share", &json!({"share": "50%"}));
    assert_eq!((answer.status, &answer.json()["share"]), (200, &json!("50%")), "{answer:?}");
    let mut releases = Vec::new();
    for session in &sessions {
        let visitor = &demo.state(session)["visitor"];
        let expected = if visitor["partition"] == json!("one-box") { "B" } else { "A" };
        assert_eq!((&visitor["source"], &*side(session)), (&json!("cookie:session"), expected), "{visitor}");
        assert_eq!(visitor["bucket"].as_u64().unwrap() < 50_000, expected == "B", "{visitor}");
        releases.push(expected);
    }
    assert!(releases.contains(&"A") && releases.contains(&"B"), "20 visitors at 50 %: {releases:?}");

    let answer = demo.order("/__onebox/share", &json!({"share": "100%"}));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(sessions.iter().all(|session| side(session) == "B"));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_new_share_is_live_at_once() {
    a_new_share_is_live("native");
}

#[test]
fn a_new_share_is_live_at_once_in_node() {
    a_new_share_is_live("node");
}

#[test]
fn a_new_share_is_live_at_once_in_cloudfront_functions_in_node() {
    a_new_share_is_live("cff");
}

#[test]
fn a_switch_shows_what_stickiness_does() {
    let demo = Demo::start(&["--share", "50%"]);
    let answer = demo.order("/__onebox/stickiness", &json!({"sticky": false}));
    assert_eq!((answer.status, &answer.json()["sticky"]), (200, &json!(false)), "{answer:?}");
    // That 200 tosses of a coin fall on one side happens once in 10^60 runs.
    let releases: Vec<_> = (0..200).map(|_| demo.get("/", "7f3a").release().to_owned()).collect();
    assert!(releases.contains(&"A".to_owned()) && releases.contains(&"B".to_owned()));
    let state = demo.order("/__onebox/stickiness", &json!({"sticky": true})).json();
    assert_eq!(state["without_stickiness"]["both_sides"], json!(1), "{state}");
    assert_eq!(state["without_stickiness"]["pages"], json!(200), "{state}");

    let first = demo.get("/", "7f3a").release().to_owned();
    assert!((0..20).all(|_| demo.get("/tea/assam", "7f3a").release() == first));
    let state = demo.state("7f3a");
    assert_eq!((&state["with_stickiness"]["pages"], &state["with_stickiness"]["both_sides"]), (&json!(21), &json!(0)));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_page_that_gets_the_other_release_s_assets_is_broken() {
    let demo = Demo::start(&["--share", "50%"]);
    let sides = ["A", "B"].map(|release| {
        let mut sessions = (0..100).map(|session| session.to_string());
        sessions.find(|session| demo.get("/", session).release() == release).unwrap()
    });
    let page = demo.get("/", &sides[0]).body;
    let asset = page.split('"').find(|text| text.starts_with("/assets/app.")).unwrap();
    assert_eq!(demo.get(asset, &sides[0]).status, 200);
    assert_eq!(demo.get(asset, &sides[1]).status, 404);
    assert_eq!(demo.state("1")["with_stickiness"]["broken"], json!(1));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn another_site_may_change_nothing() {
    let demo = Demo::start(&[]);
    let here = format!("http://{}", demo.address);
    let share = json!({"share": "100%"}).to_string();
    for lines in [
        &[("Origin", "http://evil.example"), ("X-Onebox-Demo", "1")][..],
        &[("Origin", "null"), ("X-Onebox-Demo", "1")],
        &[("Origin", here.as_str())],
        &[("Host", "evil.example"), ("X-Onebox-Demo", "1")],
        &[],
    ] {
        for path in ["share", "ramp", "override", "stickiness", "visitor", "release", "failure"]
            .map(|path| format!("/__onebox/{path}"))
        {
            let path = path.as_str();
            let answer = demo.ask("POST", path, lines, &share);
            assert_eq!(answer.status, 403, "{path} {lines:?}: {answer:?}");
        }
    }
    assert_eq!(demo.ask("GET", "/__onebox/state", &[("Host", "evil.example")], "").status, 403);
    assert_eq!(demo.state("1")["share"], json!("20%"));
    let answer = demo.ask("POST", "/__onebox/share", &[("Origin", &here), ("X-Onebox-Demo", "1")], &share);
    assert_eq!((answer.status, &demo.state("1")["share"]), (200, &json!("100%")));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_share_that_is_none_is_refused_with_a_sentence() {
    let demo = Demo::start(&[]);
    for (body, sentence) in [
        (json!({"share": "120%"}), "a share is at most"),
        (json!({"share": 20}), "expected JSON such as"),
        (json!({"share": "x".repeat(5000)}), "at most 1024 bytes"),
    ] {
        let answer = demo.order("/__onebox/share", &body);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.json()["error"].as_str().unwrap().contains(sentence), "{answer:?}");
    }
    assert_eq!(demo.state("1")["share"], json!("20%"));
    assert_eq!(demo.ask("DELETE", "/__onebox/share", &[("X-Onebox-Demo", "1")], "").status, 405);
    assert_eq!(demo.get("/__onebox/nothing", "1").status, 404);
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn the_page_gives_a_browser_a_session_and_the_cache_never_does() {
    let demo = Demo::start(&[]);
    let page = demo.ask("GET", "/__onebox/", &[], "");
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("session=") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; script-src 'self';"));
    assert_eq!(demo.get("/__onebox/", "7f3a").header("set-cookie"), None, "a visitor stays who they are");
    assert_ne!(demo.ask("GET", "/__onebox/", &[], "").header("set-cookie"), Some(cookie));
    // So does the shop with a visitor's first page, and no two visitors get the same.
    let first = || demo.ask("GET", "/", &[("Accept", "text/html"), ("User-Agent", "New")], "");
    let sessions = [first(), first()].map(|page| {
        assert_eq!(page.header("cache-control"), Some("private, no-store"));
        let set: Vec<_> = cookies(&page).into_iter().map(|(cookie, _)| cookie).collect();
        assert!(set.len() == 2 && set.iter().any(|cookie| cookie.starts_with("__Host-onebox=demo.")), "{set:?}");
        set.into_iter().find(|cookie| cookie.starts_with("session=")).unwrap()
    });
    assert_ne!(sessions[0], sessions[1]);
    assert_eq!(demo.get("/", "7f3a").header("cache-control"), Some("no-cache"));
    let another = demo.order("/__onebox/visitor", &json!({}));
    assert_eq!((another.status, another.header("clear-site-data")), (204, Some("\"cache\"")), "{another:?}");
    let set: Vec<_> = cookies(&another).into_iter().map(|(cookie, _)| cookie).collect();
    assert!(set[0].starts_with("session=") && set[1..] == ["__Host-onebox=", "onebox-force="], "{another:?}");
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_its_policy_allows_what_it_loads() {
    let demo = Demo::start(&[]);
    let page = demo.get("/__onebox/", "1").body;
    for forbidden in ["style=\"", "onclick", "<script>", "<style", "https://", "//cdn"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for path in ["/__onebox/app.js", "/__onebox/rollout.js", "/__onebox/style.css", "/__onebox/icon.svg"] {
        assert!(page.contains(path) && demo.get(path, "1").status == 200, "{path}");
    }
    assert_eq!(demo.get("/__onebox", "1").header("location"), Some("/__onebox/"));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn the_events_are_the_state_and_end_when_the_demo_stops() {
    let demo = Demo::start(&[]);
    demo.get("/", "7f3a");
    let mut events = demo.events("7f3a");
    let mut next = || events.next().unwrap();
    let event = next();
    assert_eq!(event["with_stickiness"]["pages"], json!(1), "{event}");
    assert_eq!(event["visitor"], demo.state("7f3a")["visitor"]);
    let recent = &event["recent"][0];
    assert_eq!((&recent["uri"], &recent["cache"], &recent["status"]), (&json!("/"), &json!("Miss"), &json!(200)));
    assert_eq!(recent["partition"], event["visitor"]["partition"]);
    assert_eq!(next()["share"], json!("20%"), "there is another one");
    assert_eq!(demo.stop(), Some(0));
    assert!(events.all(|event| event.get("error").is_none()), "the stream ends");
}

#[test]
fn a_viewer_cannot_choose_a_side() {
    let demo = Demo::start(&["--share", "0%"]);
    let lines = [("X-Req-Partition", "one-box"), ("Accept", "text/html")];
    let page = demo.ask("GET", "/", &lines, "");
    assert_eq!((page.release(), page.header("x-req-partition")), ("A", Some("regular")), "{page:?}");
    assert_eq!(demo.stop(), Some(0));
}
