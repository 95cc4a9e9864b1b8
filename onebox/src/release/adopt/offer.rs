//! What is shown of an alias, and what can be done about it: nothing here asks AWS.

use std::io::{self, Write};

use jiff::{SpanRound, Timestamp, Unit};
use onebox_release::{Percent, Place};
use serde_json::json;

use onebox_terminal::written;

use crate::{Exit, Failure};

/// An alias as it stands.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// The function, as it was named.
    pub(super) function: String,
    pub(super) alias: String,
    pub(super) place: Place,
    pub(super) revision: String,
    /// The version that it points to, then the one with a weight, if there is one.
    pub(super) parts: Vec<Part>,
    pub(super) profile: Option<String>,
    pub(super) now: Timestamp,
}

/// A version, with its part of the traffic.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) version: String,
    pub(super) percent: Percent,
    pub(super) published: Option<Timestamp>,
}

impl Part {
    /// `2026-11-20T12:00:00Z, 3d 2h ago`.
    fn age(&self, now: Timestamp) -> String {
        let Some(published) = self.published else { return "AWS does not say when".to_owned() };
        let unit = if now.duration_since(published).as_hours() < 1 { Unit::Second } else { Unit::Minute };
        let round = SpanRound::new().smallest(unit).largest(Unit::Day).days_are_24_hours();
        let ago = now.since(published).and_then(|span| span.round(round));
        match ago {
            Ok(ago) => format!("{published:.0}, {ago:#} ago"),
            Err(_) => format!("{published:.0}"),
        }
    }
}

impl Offer {
    /// `function:alias`.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.function, self.alias)
    }

    /// The function's name without the rest of an ARN.
    pub(super) fn plain_function(&self) -> &str {
        plain(&self.function)
    }

    /// Whether two versions have traffic.
    pub(super) fn is_split(&self) -> bool {
        self.parts.len() > 1
    }

    pub(super) fn versions(&self) -> Vec<String> {
        self.parts.iter().map(|part| part.version.clone()).collect()
    }

    /// Refuses a version that has no traffic now, and an alias that is whole.
    pub(super) fn check(&self, target: &str) -> Result<(), Failure> {
        let name = self.name();
        if !self.is_split() {
            let on = self.versions().join("");
            return match target == on {
                true => Ok(()),
                false => Err(Failure::stuck(format!(
                    "{name} is wholly on version {on}: there is nothing to adopt. `onebox shift {name} --to {target}` moves it \
                     gradually, `onebox alias set {} {} --version {target}` at once",
                    self.function, self.alias
                ))),
            };
        }
        if self.versions().iter().any(|version| version == target) {
            return Ok(());
        }
        Err(Failure::stuck(format!(
            "version {target} has no traffic of {name}: expected {}. To move it to another version all the same:\n  {}",
            self.versions().join(" or "),
            self.update_alias(target)
        )))
    }

    /// The options that every command of the AWS CLI needs here.
    pub(super) fn options(&self) -> String {
        let profile = self.profile.as_ref().map_or_else(String::new, |profile| format!(" --profile {profile}"));
        format!(" --region {}{profile}", self.place.region)
    }

    pub(super) fn get_alias(&self) -> String {
        format!("aws lambda get-alias --function-name {} --name {}{}", self.function, self.alias, self.options())
    }

    fn update_alias(&self, target: &str) -> String {
        format!(
            "aws lambda update-alias --function-name {} --name {} --function-version {target} --routing-config \
             AdditionalVersionWeights={{}} --revision-id {}{}",
            self.function,
            self.alias,
            self.revision,
            self.options()
        )
    }

    fn adopt(&self, target: &str) -> String {
        format!(
            "onebox release adopt {} --to {target} --yes --revision {}{}",
            self.name(),
            self.revision,
            self.options()
        )
    }

    /// The alias is not what it was when this revision was shown.
    pub(super) fn changed(&self, expected: &str) -> Failure {
        Failure::stuck(format!(
            "{} was changed by somebody else: its revision is no longer {expected}. Nothing was done. Look again with `onebox \
             release adopt {}{}`, or\n  {}",
            self.name(),
            self.name(),
            self.options(),
            self.get_alias()
        ))
    }

    /// AWS did not do it.
    pub(super) fn not_moved(&self, target: &str, why: &str) -> Failure {
        Failure::stuck(format!(
            "{} was not moved to version {target}: {why}. By hand:\n  {}",
            self.name(),
            self.update_alias(target)
        ))
    }

    /// Shows it, with the commands that put it right.
    pub(super) fn show(&self, json: bool) -> Result<Exit, Failure> {
        let mut out = anstream::stdout().lock();
        written(if json { writeln!(out, "{}", self.json(None)) } else { self.tell(&mut out) })
    }

    fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{} in {}", self.name(), self.place)?;
        for part in &self.parts {
            writeln!(
                out,
                "  {:>8} on version {}, published {}",
                part.percent.to_string(),
                part.version,
                part.age(self.now)
            )?;
        }
        writeln!(out, "  revision {}", self.revision)?;
        if !self.is_split() {
            return writeln!(out, "It is wholly on one version: there is nothing to adopt.");
        }
        writeln!(out, "Either of these moves all traffic, as long as nobody else changes the alias:")?;
        for part in &self.parts {
            writeln!(out, "  {}", self.adopt(&part.version))?;
        }
        Ok(())
    }

    /// It was moved.
    pub(super) fn moved(&self, target: &str, json: bool) -> Result<Exit, Failure> {
        let mut out = anstream::stdout().lock();
        written(match json {
            true => writeln!(out, "{}", self.json(Some(target))),
            false => writeln!(out, "{}: wholly on version {target}", self.name()),
        })
    }

    fn json(&self, moved: Option<&str>) -> serde_json::Value {
        let part = |part: &Part| {
            let percent = f64::from(part.percent.hundredths()) / 100.0;
            json!({ "version": part.version, "percent": percent, "published": part.published })
        };
        json!({
            "function": self.function,
            "alias": self.alias,
            "account": self.place.account,
            "region": self.place.region,
            "revision": self.revision,
            "versions": self.parts.iter().map(part).collect::<Vec<_>>(),
            "moved-to": moved,
        })
    }
}

/// The name of a function without the rest of its ARN.
fn plain(function: &str) -> &str {
    function.rsplit(':').next().unwrap_or(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(parts: &[(&str, u16)]) -> Offer {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let part = |(version, hundredths): &(&str, u16)| Part {
            version: (*version).to_owned(),
            percent: Percent::from_hundredths(*hundredths).unwrap(),
            published: "2026-11-17T09:30:00Z".parse().ok(),
        };
        Offer {
            function: "orders".into(),
            alias: "live".into(),
            place: Place::new("eu-west-1", "123456789012"),
            revision: "rev-1".into(),
            parts: parts.iter().map(part).collect(),
            profile: Some("shop".into()),
            now,
        }
    }

    #[test]
    fn both_versions_are_shown_with_their_age_and_a_command_for_each() {
        let mut out = Vec::new();
        offer(&[("6", 9_000), ("7", 1_000)]).tell(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for expected in [
            "orders:live in account 123456789012 in eu-west-1",
            "90 % on version 6, published 2026-11-17T09:30:00Z, 3d 2h 30m ago",
            "10 % on version 7",
            "onebox release adopt orders:live --to 7 --yes --revision rev-1 --region eu-west-1 --profile shop",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }

    #[test]
    fn only_a_version_that_has_traffic_is_taken_and_every_refusal_says_what_to_type() {
        let split = offer(&[("6", 9_000), ("7", 1_000)]);
        assert_eq!((split.check("6"), split.check("7")), (Ok(()), Ok(())));
        let refused = split.check("8").unwrap_err().message;
        let command = "aws lambda update-alias --function-name orders --name live --function-version 8 --routing-config \
                       AdditionalVersionWeights={} --revision-id rev-1 --region eu-west-1 --profile shop";
        assert!(refused.contains(command), "{refused}");
        let whole = offer(&[("6", 10_000)]);
        assert_eq!(whole.check("6"), Ok(()));
        assert!(whole.check("7").unwrap_err().message.contains("onebox alias set orders live --version 7"));
        let changed = split.changed("rev-0").message;
        assert!(
            changed.contains("aws lambda get-alias --function-name orders --name live --region eu-west-1"),
            "{changed}"
        );
    }
}
