//! What holds for every policy and request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod anything;
mod naive;
mod visit;

use anything::{forged, keys, now, policy, rules, secret, share, visit};
use naive::{FORCE, PIN, Rules};
use onebox_core::{Bucket, CookieName, Crawlers, Partition, Pins, Policy, Share, Source, Time, Vary, merge};
use proptest::{collection::vec, option, prelude::*, sample::select};
use visit::Visit;

fn at(now: i64) -> Time {
    Time::from_unix_millis(now)
}

/// The same rules at one share.
fn constantly(rules: &Rules, share: Share) -> Policy {
    policy(&Rules { steps: vec![(i64::MIN, share.thousandths())], ..rules.clone() })
}

/// The request with another Cookie line before all others.
fn with_cookie(visit: &Visit, name: &str, value: &str) -> Visit {
    let mut visit = visit.clone();
    visit.cookies.insert(0, format!("{name}={value}"));
    visit
}

/// A pin or token as it arrives in a cookie: what is behind a `;` is another pair, blanks at the ends do not count.
fn arrives(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim_matches([' ', '\t'])
}

fn pins(release: &str, secret: Option<&str>) -> Option<(String, Option<String>)> {
    Some((release.to_owned(), secret.map(str::to_owned)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn the_naive_twin_decides_the_same(rules in rules(), visit in visit(), now in now()) {
        let policy = policy(&rules);
        let visit = Visit { now: Some(now), ..visit };
        let decision = policy.decide(&visit, visit.time());
        let found = (decision.partition, decision.bucket.map(u32::from), decision.source.to_string());
        prop_assert_eq!(found, naive::decide(&rules, &visit, now));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_policy_that_does_not_read_the_clock_has_no_time(rules in rules(), visit in visit(), one in now(), other in now()) {
        let policy = policy(&rules);
        if !policy.reads_clock() {
            prop_assert_eq!(policy.decide(&visit, at(one)), policy.decide(&visit, at(other)));
        }
    }

    #[test]
    fn raising_the_share_never_takes_a_bucket_out(bucket in 0..100_000_u32, one in share(), other in share()) {
        let bucket = Bucket::new(bucket).unwrap();
        let (lower, higher) = (one.min(other), one.max(other));
        prop_assert!(!lower.covers(bucket) || higher.covers(bucket));
    }

    #[test]
    fn raising_the_share_never_moves_a_visitor_back(
        rules in rules(), visit in visit(), now in now(), one in share(), other in share(),
    ) {
        let side = |share| constantly(&rules, share).decide(&visit, at(now)).partition;
        if side(one.min(other)) == Partition::OneBox {
            prop_assert_eq!(side(one.max(other)), Partition::OneBox);
        }
    }

    #[test]
    fn a_ramp_that_rises_never_moves_a_visitor_back(mut rules in rules(), visit in visit(), one in now(), other in now()) {
        let mut shares: Vec<_> = rules.steps.iter().map(|(_, share)| *share).collect();
        shares.sort_unstable();
        rules.steps.iter_mut().zip(shares).for_each(|((_, share), sorted)| *share = sorted);
        // A token ends by its time, not by the ramp.
        rules.forced = None;
        let policy = policy(&rules);
        if policy.decide(&visit, at(one.min(other))).partition == Partition::OneBox {
            prop_assert_eq!(policy.decide(&visit, at(one.max(other))).partition, Partition::OneBox);
        }
    }

    #[test]
    fn a_share_of_0_frees_everybody_but_who_forces(rules in rules(), visit in visit(), now in now(), bucket in 0..100_000_u32) {
        let free = constantly(&rules, Share::NONE);
        let forced = |visit: &Visit| free.decide(visit, at(now)).source == Source::Override;
        let mut visits = vec![visit.clone()];
        if let Some((release, secret)) = &rules.pins {
            visits.push(with_cookie(&visit, PIN, &naive::pin(release, secret.as_deref(), bucket)));
        }
        for visit in &visits {
            let decision = free.decide(visit, at(now));
            prop_assert_eq!(decision.bucket, None);
            prop_assert!(forced(visit) || decision.partition == Partition::Regular);
            prop_assert!(forced(visit) || decision.source == Source::ShareZero);
        }
    }

    #[test]
    fn the_second_request_is_on_the_side_of_the_first(
        rules in rules(), visit in visit(), now in now(), signs in option::of(secret()), later in share(),
    ) {
        let rules = Rules { pins: pins("web-1", signs.as_deref()), ..rules };
        let policy = policy(&rules);
        let first = policy.decide(&visit, at(now));
        if let (Source::Key(_), Some(bucket)) = (first.source, first.bucket) {
            let pin = policy.pins().unwrap().value(bucket).to_string();
            // The key changes with the network, the browser and the session: the pin alone is what stays.
            let mut pinned = Visit { cookies: vec![format!("{PIN}={pin}")], ..Visit::default() };
            for _ in 0..2 {
                let second = policy.decide(&pinned, at(now));
                prop_assert_eq!((second.source, second.bucket), (Source::Pin, first.bucket));
                prop_assert_eq!(second.partition, first.partition);
                pinned = with_cookie(&visit, PIN, &pin);
            }
            let ramped = constantly(&rules, later);
            let [key, pin] = [&visit, &pinned].map(|visit| ramped.decide(visit, at(now)).partition);
            prop_assert_eq!(key, pin, "at another share");
        }
    }

    #[test]
    fn a_pin_that_somebody_changed_changes_nothing(
        rules in rules(), visit in visit(), now in now(), secret in secret(), bucket in 0..100_000_u32,
        (pin, forged) in (0..100_000_u32, secret()).prop_flat_map(|(bucket, secret)| {
            let pin = naive::pin("web-1", Some(&secret), bucket);
            (Just(pin.clone()), forged(Just(pin)))
        }),
    ) {
        prop_assume!(arrives(&forged) != pin);
        let policy = policy(&Rules { pins: pins("web-1", Some(&secret)), ..rules });
        let text = format!("web-1.{bucket}");
        let right = naive::tag(&secret, &text, 64);
        for stale in [
            forged,
            naive::pin("web-2", Some(&secret), bucket),
            naive::pin("web-1", Some("another secret"), bucket),
            naive::pin("web-1", None, bucket),
            format!("{text}.{}", &right[..15]),
            format!("{text}.{}", &right[..17]),
            format!("{text}.{}", &naive::tag(&secret, &format!("web-2.{bucket}"), 16)),
            format!("web-1.{}.{}", (bucket + 1) % 100_000, &right[..16]),
            format!("{bucket}.web-1.{}", &right[..16]),
        ] {
            let with = policy.decide(&with_cookie(&visit, PIN, &stale), at(now));
            prop_assert_eq!(with, policy.decide(&with_cookie(&visit, PIN, ""), at(now)), "{}", stale);
        }
    }

    #[test]
    fn a_token_that_somebody_changed_or_that_is_over_changes_nothing(
        rules in rules(), visit in visit(), secret in secret(), expiry in 1..1_000_000_000_000_i64,
        is_one_box in any::<bool>(), (text, forged) in secret().prop_flat_map(|secret| {
            let text = "one-box.7";
            let token = format!("{text}.{}", naive::tag(&secret, text, 32));
            (Just(token.clone()), forged(Just(token)))
        }),
    ) {
        prop_assume!(arrives(&forged) != text);
        let policy = policy(&Rules { forced: Some(secret.clone()), ..rules });
        let side = if is_one_box { Partition::OneBox } else { Partition::Regular };
        let token = policy.overrides().unwrap().token(side, expiry.unsigned_abs());
        let (rest, tag) = token.rsplit_once('.').unwrap();
        let fresh = |value: &str, now: i64| {
            let mut visit = with_cookie(&visit, FORCE, value);
            visit.headers.remove(FORCE);
            let decision = policy.decide(&visit, at(now));
            (decision.partition, decision.bucket, decision.source.to_string())
        };
        let (before, over) = (expiry * 1000 - 1, expiry * 1000);
        prop_assert_eq!(fresh(&token, before), (side, None, "override".to_owned()));
        prop_assert_eq!(fresh(&token, over), fresh("", over));
        prop_assert_eq!(fresh(&forged, 6_999), fresh("", 6_999), "{}", forged);
        let other = if is_one_box { "regular" } else { "one-box" };
        for wrong in [
            format!("{other}.{expiry}.{tag}"),
            format!("{}.{}.{tag}", side.as_str(), expiry + 1),
            format!("{tag}.{rest}"),
            format!("{expiry}.{}.{tag}", side.as_str()),
            format!("{rest}.{}", &tag[..31]),
            format!("{rest}.{}", naive::tag("another secret", rest, 32)),
            format!("{rest}.{tag}{tag}"),
            rest.to_owned(),
        ] {
            prop_assert_eq!(fresh(&wrong, before), fresh("", before), "{}", wrong);
        }
    }

    #[test]
    fn every_pin_that_is_written_is_read(release in "[A-Za-z0-9_-]{1,64}", secret in option::of(".{1,100}"), number in 0..100_000_u32) {
        let bucket = Bucket::new(number).unwrap();
        let signs = secret.as_ref().map(|text| onebox_core::Secret::new(text.as_bytes()));
        let pins = Pins::new(PIN, &release, signs);
        let written = pins.value(bucket).to_string();
        prop_assert_eq!(&written, &naive::pin(&release, secret.as_deref(), number));
        prop_assert_eq!(pins.read(written.as_bytes()), Some(bucket));
    }

    #[test]
    fn no_secret_is_shown(rules in rules(), keys in keys(), secret in "[a-zA-Z]{16,80}") {
        let pins = pins("web-1", Some(&secret));
        let policy = policy(&Rules { pins, forced: Some(secret.clone()), keys, salt: String::new(), ..rules });
        let bytes: Vec<_> = secret.bytes().take(4).collect();
        for shown in [format!("{policy:?}"), format!("{policy:#?}"), format!("{:?}", policy.pins()), format!("{:?}", policy.overrides())] {
            prop_assert!(shown.contains("Secret(…)") && !shown.contains(&secret[..8]), "{}", shown);
            prop_assert!(!shown.contains(format!("{bytes:?}").trim_matches(['[', ']'])), "{}", shown);
        }
    }

    #[test]
    fn merging_vary_twice_is_merging_it_once(
        value in option::of(vec(select(vec!["Cookie", "X-Side", "x-side", "*", "", " ", "Accept"]), 0..5)),
    ) {
        let value = value.map(|members| members.join(", "));
        let once = match merge(value.as_deref().map(str::as_bytes), "X-Side") {
            Vary::Leave => value.clone().unwrap_or_default(),
            Vary::Set => "X-Side".to_owned(),
            Vary::Append => format!("{}, X-Side", value.clone().unwrap_or_default()),
        };
        prop_assert_eq!(merge(Some(once.as_bytes()), "X-Side"), Vary::Leave);
        prop_assert!(once.contains(value.as_deref().unwrap_or_default().trim_matches([' ', ','])));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    // Few letters make many places that are nearly right; the lengths go beyond every block that is looked at together.
    #[test]
    fn a_crawler_is_found_wherever_a_part_is(
        parts in vec("[abAB@` ]{1,4}", 1..4),
        user_agent in "[abAB@`\0 ]{0,200}|[c]{0,140}[abAB]{0,6}[c]{0,140}",
    ) {
        let lower = user_agent.to_ascii_lowercase();
        let expected = parts.iter().any(|part| lower.contains(&part.to_ascii_lowercase()));
        prop_assert_eq!(Crawlers::new(parts).contain(user_agent.as_bytes()), expected);
    }

    #[test]
    fn a_cookie_is_found_wherever_its_pair_is(
        name in "[ab]{1,3}|[ab]{12,15}|a{1,40}",
        pairs in vec(("[ab]{0,3}|[ab]{12,15}|a{0,40}", "[ \t]{0,2}", "=?", "[ab= ]{0,40}"), 0..9),
        separator in "; |;|;  ",
    ) {
        let pairs: Vec<String> =
            pairs.into_iter().map(|(name, blank, equals, value)| format!("{blank}{name}{blank}{equals}{value}")).collect();
        let line = pairs.join(&separator);
        let blank = [' ', '\t'];
        let expected = line
            .split(';')
            .filter_map(|pair| pair.split_once('='))
            .find(|(found, _)| found.trim_matches(blank) == name)
            .map(|(_, value)| value.trim_matches(blank).as_bytes());
        prop_assert_eq!(CookieName::new(name).value_in(line.as_bytes()), expected);
    }
}

#[test]
fn a_cookie_without_a_name_is_none() {
    for line in ["=1", " = 1", "a=1; =2", ";", ""] {
        assert_eq!(CookieName::new("").value_in(line.as_bytes()), None, "{line}");
    }
}
