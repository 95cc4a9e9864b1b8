//! What is allowed and yet hardly meant.

use onebox_core::{Entry, Part, Ramp, Share, Step, Time};
use onebox_edge::Config;

use super::{crawlers, first_page, keys};

/// How many requests the one-box has to serve until an error that strikes 1% of them has shown with 95% certainty: the
/// least n with 0.99^n <= 0.05.
const ENOUGH: u64 = 299;

/// How long a share without an end is taken to be watched, in seconds.
const WATCHED: u64 = 60 * 60;

/// What a doubt depends on beside the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assumptions {
    /// The time.
    pub(super) now: Time,
    /// The site's requests in a second.
    pub(super) traffic: u32,
}

/// A setting and what is doubtful about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    /// The setting's path.
    pub(super) field: String,
    /// What may go wrong, and what to do.
    pub(super) message: String,
}

pub(super) fn doubt(field: impl Into<String>, message: impl Into<String>) -> Doubt {
    Doubt { field: field.into(), message: message.into() }
}

/// Every doubt.
pub(super) fn all(config: &Config, assumptions: Assumptions) -> Vec<Doubt> {
    let ramp = &config.release.share;
    let mut doubts: Vec<_> = extreme(ramp).into_iter().collect();
    doubts.extend(past(ramp, assumptions.now));
    doubts.extend(falls(ramp));
    doubts.extend(weak(ramp, assumptions));
    doubts.extend(first_page::breaks(config, assumptions.now));
    doubts.extend(uneven(&config.partition.keys));
    doubts.extend(keys::unfit(config));
    doubts.extend(super::origins::all(config));
    doubts.extend(crawlers::all(&config.crawlers));
    doubts.extend(config.partition.forward_host.as_deref().map(forwarded));
    doubts.extend(unsigned(config).filter(|_| config.forced.is_some()));
    doubts
}

/// What is well meant by most, and should be known: nothing is wrong with it.
pub(super) fn notes(config: &Config) -> Vec<Doubt> {
    unsigned(config).filter(|_| config.forced.is_none()).into_iter().collect()
}

/// A pin without a secret. Where testers need a token to choose a side, nobody else may; elsewhere it is a choice.
fn unsigned(config: &Config) -> Option<Doubt> {
    config.pin.as_ref().filter(|pin| pin.secret.is_none())?;
    let message = match &config.forced {
        Some(_) => {
            "is not signed: a visitor who edits the cookie chooses a bucket, and with it a side, without the token that \
             [override] asks for; add secret = \"env:NAME\""
        }
        None => {
            "is not signed: a visitor who edits the cookie chooses a bucket, and with it a side; that is fine where anybody \
             may see the one-box, else add secret = \"env:NAME\""
        }
    };
    Some(doubt("pin", message))
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html>
fn forwarded(header: &str) -> Doubt {
    doubt(
        "partition.forward_host",
        format!(
            "reaches an origin only if a policy lists {header}: the cache policy, if the distribution has several host names, \
             because the cache would hand one host's pages to another; else an origin request policy is enough \
             (AllViewerExceptHostHeader has every header)"
        ),
    )
}

fn extreme(ramp: &Ramp) -> Option<Doubt> {
    let nobody = ramp.steps().iter().all(|step| step.share == Share::NONE);
    match ramp.constant() {
        _ if nobody => Some(doubt("release.share", "nobody is on the one-box")),
        Some(Share::ALL) => Some(doubt("release.share", "everybody who has a key is on the one-box")),
        _ => None,
    }
}

/// Steps whose time has come. The last of them is the share that a deployment begins with.
fn past(ramp: &Ramp, now: Time) -> Option<Doubt> {
    if ramp.constant().is_some() {
        return None;
    }
    let last = ramp.steps().iter().rposition(|step| step.at <= now)?;
    let (share, count) = (ramp.steps()[last].share, ramp.steps().len());
    let which = match last {
        0 => format!("this step of {count} is in the past"),
        _ => format!("this step and those before it, {} of {count}, are in the past", last + 1),
    };
    Some(doubt(format!("release.share.{last}"), format!("{which}: what is deployed now begins at {share}")))
}

fn falls(ramp: &Ramp) -> impl Iterator<Item = Doubt> {
    ramp.steps().windows(2).enumerate().filter(|(_, pair)| pair[1].share < pair[0].share).map(|(before, pair)| {
        let (from, to) = (pair[0].share, pair[1].share);
        let who = if to == Share::NONE { "everybody" } else { "visitors" };
        doubt(
            format!("release.share.{}.share", before + 1),
            format!("falls from {from} to {to}: {who} on the one-box will be moved to the regular side"),
        )
    })
}

/// Shares that prove little before they are over.
fn weak(ramp: &Ramp, Assumptions { now, traffic }: Assumptions) -> impl Iterator<Item = Doubt> {
    let steps = ramp.steps();
    let is_schedule = ramp.constant().is_none();
    steps.iter().enumerate().filter_map(move |(index, &Step { at, share })| {
        let end = steps.get(index + 1).map(|next| next.at);
        if share == Share::NONE || end.is_some_and(|end| end <= now) {
            return None;
        }
        let millis = end.map(|end| end.unix_millis().abs_diff(at.unix_millis()));
        let seconds = millis.map_or(WATCHED, |millis| millis.div_ceil(1000));
        let all = u64::from(traffic).saturating_mul(seconds);
        let whole = u64::from(Share::ALL.thousandths());
        let one_box = all.saturating_mul(share.thousandths().into()) / whole;
        let enough = u32::try_from((ENOUGH * whole).div_ceil(all)).ok().and_then(Share::from_thousandths);
        let what_to_do = match enough {
            Some(enough) => format!("a share of {enough} would do"),
            None => "no share would do: give it more time".to_owned(),
        };
        let field = if is_schedule { format!("release.share.{index}.share") } else { "release.share".to_owned() };
        (one_box < ENOUGH).then(|| {
            doubt(
                field,
                format!(
                    "proves little: of {traffic} requests a second (an assumption: `--traffic`) {share} are {one_box} in {}, \
                     and an error that strikes 1% of them shows with 95% certainty only within {ENOUGH}; {what_to_do}",
                    duration(seconds)
                ),
            )
        })
    })
}

/// The first entry decides for everybody who has it, and so good as everybody has a User-Agent.
fn uneven(keys: &[Entry]) -> Option<Doubt> {
    let user_agent = |part: &Part| matches!(part, Part::Header(name) if &**name == "user-agent");
    keys.first()?.parts().iter().all(user_agent).then(|| {
        doubt(
            "partition.keys",
            "all visitors with the same browser go to one side together, so the real share can be far from \
             release.share; put a cookie first, or [\"client-ip/64\", \"header:user-agent\"]",
        )
    })
}

/// A duration in its largest whole unit.
pub(super) fn duration(seconds: u64) -> String {
    let units = [(24 * 60 * 60, "d"), (60 * 60, "h"), (60, "m")];
    let (unit, name) =
        units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)).unwrap_or((1, "s"));
    format!("{}{name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_is_the_least_number_that_is() {
        let unseen = |requests: u64| 0.99_f64.powf(requests as f64);
        assert!(unseen(ENOUGH) <= 0.05 && unseen(ENOUGH - 1) > 0.05);
    }

    fn ramp(steps: &[(&str, &str)]) -> Ramp {
        let step = |(at, share): &(&str, &str)| Step { at: at.parse().unwrap(), share: share.parse().unwrap() };
        Ramp::schedule(steps.iter().map(step).collect()).unwrap()
    }

    fn weak_fields(ramp: &Ramp, now: &str, traffic: u32) -> Vec<String> {
        let assumptions = Assumptions { now: now.parse().unwrap(), traffic };
        weak(ramp, assumptions).map(|doubt| doubt.field).collect()
    }

    #[test]
    fn a_share_proves_enough_exactly_from_the_bound_on() {
        let ramp = |share: &str| Ramp::from(share.parse::<Share>().unwrap());
        // 299 of the 36,000 requests of an hour.
        assert_eq!(weak_fields(&ramp("0.830%"), "2026-11-20T12:00:00Z", 10), ["release.share"]);
        assert!(weak_fields(&ramp("0.831%"), "2026-11-20T12:00:00Z", 10).is_empty());
        assert!(weak_fields(&ramp("0%"), "2026-11-20T12:00:00Z", 10).is_empty());
    }

    #[test]
    fn a_step_is_weighed_by_how_long_it_lasts_and_only_until_it_is_over() {
        let ramp =
            ramp(&[("2026-11-20T12:00:00Z", "1%"), ("2026-11-20T12:10:00Z", "10%"), ("2026-11-20T12:10:01Z", "100%")]);
        let (first, second) = ("release.share.0.share", "release.share.1.share");
        assert_eq!(weak_fields(&ramp, "2026-11-20T11:00:00Z", 10), [first, second]);
        assert_eq!(weak_fields(&ramp, "2026-11-20T11:00:00Z", 50), [second]);
        assert_eq!(weak_fields(&ramp, "2026-11-20T12:10:00Z", 10), [second]);
        assert!(weak_fields(&ramp, "2026-11-20T13:00:00Z", 10).is_empty());
    }

    #[test]
    fn the_longest_schedule_is_weighed_without_overflow() {
        let ramp = ramp(&[("0000-01-01T00:00:00Z", "0.001%"), ("9999-12-31T23:59:59Z", "100%")]);
        assert!(weak_fields(&ramp, "0000-01-01T00:00:00Z", u32::MAX).is_empty());
    }

    #[test]
    fn a_duration_is_said_in_its_largest_whole_unit() {
        for (seconds, expected) in
            [(0, "0s"), (90, "90s"), (120, "2m"), (3600, "1h"), (172_800, "2d"), (86_401, "86401s")]
        {
            assert_eq!(duration(seconds), expected);
        }
    }
}
