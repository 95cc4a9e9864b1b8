//! New visitors' first pages: the key that decides the page, and the key that decides its assets.

use onebox_core::{Entry, Part, Share, Time};
use onebox_edge::Config;

use super::{
    doubt::{Doubt, doubt},
    keys::is_always_there,
};

/// Warns where something else than a cookie decides a visitor's first page, and the cookie that the site sets with that
/// page decides its assets.
pub(super) fn breaks(config: &Config, now: Time) -> Option<Doubt> {
    let keys = &config.partition.keys;
    let at = keys.iter().position(has_cookie)?;
    let (before, after) = (keys.get(..at)?, keys.get(at + 1..)?);
    if before.iter().any(is_sent_by_all) {
        return None;
    }
    let cookie = keys.get(at)?.parts().iter().find(|part| matches!(part, Part::Cookie(_)))?;
    let message = match (after.iter().find(|entry| !has_cookie(entry)), &config.pin) {
        // The first response pins the bucket that decided the page.
        (Some(_), Some(_)) => return None,
        (Some(fallback), None) => format!(
            "there is no pin: {fallback} decides a new visitor's first page, and {cookie} its assets if the site sets \
             the cookie with that page, which breaks {}; add [pin] and the function viewer-response",
            match extent(config, now, two_sides) {
                Some(extent) => format!("{extent}: 2p(1-p) at a share p"),
                None => format!("2p(1-p) of the first pages at a share p: {}", examples(two_sides)),
            }
        ),
        // Without a bucket there is nothing to pin.
        (None, _) => format!(
            "new visitors have no key: their first page is regular, and {cookie} decides its assets if the site sets \
             the cookie with that page, which breaks {}; add [\"client-ip/64\", \"header:user-agent\"] as the last entry{}",
            extent(config, now, |share| share)
                .unwrap_or_else(|| format!("as many of the first pages: {}", examples(|share| share))),
            if config.pin.is_some() { "" } else { ", and [pin]" }
        ),
    };
    Some(doubt(format!("partition.keys.{at}"), message))
}

fn has_cookie(entry: &Entry) -> bool {
    entry.parts().iter().any(|part| matches!(part, Part::Cookie(_)))
}

/// Whether practically every request has it, so that what follows decides nothing.
fn is_sent_by_all(entry: &Entry) -> bool {
    let by_all = |part: &Part| matches!(part, Part::Header(name) if matches!(&**name, "user-agent" | "host"));
    entry.parts().iter().all(|part| is_always_there(part) || by_all(part))
}

/// How likely two independent buckets are on two sides, to the thousandth of a percent: 2p(1-p).
fn two_sides(share: Share) -> Share {
    let (all, one_box) = (u64::from(Share::ALL.thousandths()), u64::from(share.thousandths()));
    let apart = (2 * one_box * (all - one_box) + all / 2) / all;
    u32::try_from(apart).ok().and_then(Share::from_thousandths).unwrap_or(Share::NONE)
}

/// What a share that breaks nothing becomes: 0% is where a release begins.
fn examples(broken: fn(Share) -> Share) -> String {
    let example =
        |thousandths| Share::from_thousandths(thousandths).map(|share| format!("{} at {share}", broken(share)));
    [5_000, 50_000].into_iter().filter_map(example).collect::<Vec<_>>().join(", ")
}

/// Which part of the first pages breaks now, and at the worst share to come; none if none ever does.
fn extent(config: &Config, now: Time, broken: fn(Share) -> Share) -> Option<String> {
    let ramp = &config.release.share;
    let present = ramp.share_at(now);
    let later = ramp.steps().iter().filter(|step| step.at > now).map(|step| step.share);
    let worst = later.max_by_key(|share| broken(*share)).filter(|share| broken(*share) > broken(present));
    let mut parts = Vec::new();
    if broken(present) > Share::NONE {
        let when = if ramp.constant().is_some() { "" } else { " (now)" };
        parts.push(format!("{} of the first pages at {present}{when}", broken(present)));
    }
    if let Some(share) = worst {
        parts.push(format!("{} of them at {share} (the worst step to come)", broken(share)));
    }
    if config.function.store.is_some() {
        // Whatever the store holds: the worst of all shares.
        let half = Share::from_thousandths(Share::ALL.thousandths() / 2);
        let most = half.map_or(Share::ALL, broken).max(broken(Share::ALL));
        parts.push(format!("up to {most} of them at the share in the store"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_independent_buckets_are_apart_with_2p_1_minus_p() {
        for (share, expected) in [
            ("0%", "0%"),
            ("0.001%", "0.002%"),
            ("0.125%", "0.25%"),
            ("1%", "1.98%"),
            ("5%", "9.5%"),
            ("20%", "32%"),
            ("50%", "50%"),
            ("80%", "32%"),
            ("99.999%", "0.002%"),
            ("100%", "0%"),
        ] {
            assert_eq!(two_sides(share.parse().unwrap()), expected.parse().unwrap(), "{share}");
        }
    }
}
