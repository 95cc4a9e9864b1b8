//! Keys that do not identify a visitor for long, or not at all.

use onebox_core::{Entry, Part};
use onebox_edge::Config;

use super::{
    doubt::{Doubt, doubt, duration},
    names::{self, Unfit},
};

/// What to take instead.
const INSTEAD: &str = "take a cookie whose value stays the same for as long as a visitor does";

/// Every warning about the key chain.
pub(super) fn unfit(config: &Config) -> Vec<Doubt> {
    let keys = &config.partition.keys;
    let mut doubts = Vec::new();
    for (at, entry) in keys.iter().enumerate() {
        let path = format!("partition.keys.{at}");
        if let Some(above) = keys.iter().take(at).find(|above| covers(above, entry)) {
            let why = match above.parts().iter().all(is_always_there) {
                true => format!("every request has {above}"),
                false => format!("a request that has it has {above} as well"),
            };
            doubts.push(doubt(&path, format!("is never reached: {why}; remove it or put it above")));
        }
        for (number, part) in entry.parts().iter().enumerate() {
            let path = if entry.parts().len() == 1 { path.clone() } else { format!("{path}.{number}") };
            if entry.parts().iter().take(number).any(|before| before == part) {
                doubts.push(doubt(&path, format!("{part} is in this entry already: remove it")));
            } else {
                doubts.extend(of_part(part, entry, config).map(|message| doubt(path, message)));
            }
        }
    }
    doubts
}

/// Whether every request that CloudFront hands to a function has it.
pub(super) fn is_always_there(part: &Part) -> bool {
    !matches!(part, Part::Cookie(_) | Part::Header(_))
}

/// Whether an entry yields wherever a later one does.
fn covers(above: &Entry, entry: &Entry) -> bool {
    above.parts().iter().all(is_always_there) || above.parts().iter().all(|part| entry.parts().contains(part))
}

fn of_part(part: &Part, entry: &Entry, config: &Config) -> Option<String> {
    let (name, unfit) = match part {
        Part::Cookie(name) => (name.as_str(), names::cookie(name.as_str())),
        Part::Header(name) => (&**name, names::header(name)),
        _ => return None,
    };
    if is_pattern(name) {
        return Some(format!("{part} matches no pattern: a name is matched as it is written; write the whole name"));
    }
    match unfit? {
        Unfit::Changes(why) => Some(match &config.pin {
            None => format!("{part}: {why}, and with it the visitor changes sides; {INSTEAD}, and add [pin]"),
            Some(pin) => format!(
                "{part}: {why}; only the pin keeps a visitor on one side, for {} and not without cookies; {INSTEAD}",
                duration(pin.max_age.into())
            ),
        }),
        // Beside a part that tells visitors apart it does no harm.
        Unfit::Shared(why) => entry.parts().iter().all(is_shared).then(|| {
            format!(
                "{part}: {why}: visitors with the same value go to one side together, so the real share can be far from \
                 release.share; {INSTEAD}"
            )
        }),
        Unfit::Absent(why) => Some(format!("{part}: {why}: it never yields; remove it")),
        Unfit::Misspelt(name) => Some(format!(
            "{part}: the names of cookies are case-sensitive: did you mean cookie:{name}?"
        )),
    }
}

fn is_shared(part: &Part) -> bool {
    let unfit = match part {
        Part::Cookie(name) => names::cookie(name.as_str()),
        Part::Header(name) if &**name == "user-agent" => return true,
        Part::Header(name) => names::header(name),
        _ => None,
    };
    matches!(unfit, Some(Unfit::Shared(_)))
}

/// Whether a name is written as a wildcard or a regular expression. All of these are letters of a name for HTTP.
fn is_pattern(name: &str) -> bool {
    name.contains(['*', '|']) || name.starts_with('^') || name.ends_with('$')
}
