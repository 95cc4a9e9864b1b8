//! Long lists of crawlers: as much of them as there is room for is in a function, and decides as core does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use harness::{Case, ENGINES, config, run, visit::Visit};
use onebox_cff::{Fit, Functions, MAX_BYTES, functions};
use onebox_core::Crawlers;
use onebox_edge::Config;
use serde_json::{Value, json};

/// The 1,464 plain patterns of npm's crawler-user-agents.
fn patterns() -> Vec<&'static str> {
    let list = include_str!("crawlers/crawler-user-agents-1.60.0.txt");
    list.lines().filter(|line| !line.starts_with('#')).collect()
}

fn with(keys: &Value, contains: &[&str], more: &Value) -> Config {
    let mut more = more.clone();
    more["crawlers"] = json!({ "contains": contains, "except": ["CUBOT", "M bot"] });
    config(&json!({ "id": "web-2026-11-20", "share": "100%" }), keys, &more)
}

fn user_agents(texts: &[&str]) -> Vec<Visit> {
    let visit = |text: &&str| Visit {
        headers: [("user-agent".to_owned(), vec![format!("Mozilla/5.0 ({}) Gecko", text.to_ascii_uppercase())])].into(),
        ..Visit::default()
    };
    texts.iter().map(visit).collect()
}

/// The sides of these visitors, as both engines have them.
fn sides(functions: &Functions, visits: &[Visit]) -> Vec<String> {
    let cases: Vec<Case> =
        visits.iter().map(|visit| Case { function: 0, now: 0, store: None, event: visit.request() }).collect();
    let [njs, node] = ENGINES.map(|engine| {
        let answers = run(engine, std::slice::from_ref(&functions.viewer_request), &cases);
        let side =
            |answer: &Value| answer["message"]["headers"]["x-req-partition"]["value"].as_str().unwrap().to_owned();
        answers.iter().map(side).collect::<Vec<_>>()
    });
    assert_eq!(njs, node);
    njs
}

#[test]
fn the_list_has_1464_patterns() {
    assert_eq!(patterns().len(), 1_464);
}

/// Header keys and an unsigned pin: at least 800 of the 1,464, and with more features as many as fit.
#[test]
fn as_many_crawlers_as_fit_are_looked_for_and_the_number_is_known() {
    let secret = json!("hex:00112233445566778899aabbccddeeff");
    let header_keys = json!(["header:x-visitor", "header:user-agent"]);
    let chain = json!(["cookie:session", ["client-ip/64", "header:user-agent"], "header:user-agent"]);
    let all = json!({ "pin": { "secret": secret }, "override": { "secret": secret }, "function": { "store": "a1b2", "origin": "function" } });
    for (keys, more, least) in
        [(&header_keys, &json!({}), 900), (&header_keys, &json!({ "pin": {} }), 900), (&chain, &all, 300)]
    {
        let made = functions(&with(keys, &patterns(), more)).unwrap();
        let Fit { held, all } = made.crawlers;
        println!("{held} of {all} with {more}");
        assert!(all == 1_464 && (least..all).contains(&held), "{held} of {all} with {more}");
        let longest = made.viewer_response.as_ref().map_or(0, String::len).max(made.viewer_request.len());
        // One text more, of at most 50 bytes, would be too much.
        assert!((MAX_BYTES - 60..=MAX_BYTES).contains(&longest), "{longest} bytes with {more}");
    }
}

#[test]
fn what_is_looked_for_is_a_crawler_and_nothing_else_is() {
    let made = functions(&with(&json!(["header:user-agent"]), &patterns(), &json!({ "pin": {} }))).unwrap();
    let all = patterns();
    let sides = sides(&made, &user_agents(&all));
    let regular = sides.iter().filter(|side| *side == "regular").count();
    assert_eq!(regular, made.crawlers.held);
    // The shortest are in.
    let longest_in = all.iter().zip(&sides).filter(|(_, side)| *side == "regular").map(|(text, _)| text.len()).min();
    assert_eq!(longest_in, all.iter().map(|text| text.len()).min());
}

#[test]
fn a_list_that_fits_decides_as_core_does() {
    let some: Vec<&str> = patterns().into_iter().step_by(3).collect();
    let config = with(&json!(["header:user-agent"]), &some, &json!({}));
    let made = functions(&config).unwrap();
    assert_eq!(made.crawlers, Fit { held: some.len(), all: some.len() });
    let crawlers = Crawlers::new(config.crawlers.contains.clone()).except(config.crawlers.except.clone());
    let mut visits = user_agents(&patterns());
    visits.extend(user_agents(&[
        "X11; Linux x86_64",
        "Android 13; CUBOT NOTE 20",
        "cubot googlebot",
        "M bot 60",
        "Mbot",
    ]));
    for (visit, side) in visits.iter().zip(sides(&made, &visits)) {
        let agent = &visit.headers["user-agent"][0];
        assert_eq!(side == "regular", crawlers.contain(agent.as_bytes()), "{agent}");
    }
}

/// CloudFront decides about a response what it decided about the request, or a crawler would be pinned.
#[test]
fn both_functions_look_for_the_same_crawlers() {
    let made = functions(&with(&json!(["header:user-agent"]), &patterns(), &json!({ "pin": {} }))).unwrap();
    let expression = |code: &str| {
        let (_, rest) = code.split_once("=/").unwrap();
        rest.split_once(",").unwrap().0.to_owned()
    };
    assert_eq!(expression(&made.viewer_request), expression(made.viewer_response.as_ref().unwrap()));
}
