//! Aliases and the rules of their routing.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html>

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use onebox_release::{AliasView, Percent, Place, Routing};

use super::{
    function::Function,
    name::{arn, check_alias, check_version, is_number},
    page::{Page, page},
    refusal::Refusal,
    revision::Revisions,
};

/// The longest description.
const DESCRIPTION: usize = 256;

/// An alias.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// `FunctionVersion`.
    pub version: String,
    /// `AdditionalVersionWeights`: at most one entry.
    pub additional: Option<(String, f64)>,
    /// `Description`.
    pub description: String,
    /// `RevisionId`.
    pub revision: String,
    /// Until when AWS moves its traffic, and `additional` holds what it did not move yet.
    pub(crate) moving: Option<Timestamp>,
}

/// How slowly AWS moves the traffic of an alias after an update without weights, as it does with provisioned concurrency:
/// <https://github.com/hashicorp/terraform-provider-aws/pull/48116>. What nobody has documented can be tried both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowMoves {
    /// How long the version that the alias leaves keeps the traffic that it had.
    pub time: Duration,
    /// Whether the answer to the update shows that already; otherwise only `GetAlias` does.
    pub answered: bool,
    /// Whether the alias gets a new revision when it is over.
    pub renewed: bool,
}

/// What `CreateAlias` and `UpdateAlias` say; what is left out stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) version: Option<String>,
    /// `RoutingConfig`; an empty one removes the weights.
    pub(crate) weights: Option<Vec<(String, f64)>>,
    pub(crate) description: Option<String>,
    pub(crate) revision: Option<String>,
}

impl Change {
    /// The change that a release wants: everything said, nothing left to what stood there.
    pub(crate) fn to(routing: &Routing, revision: Option<&str>) -> Self {
        let weights = routing.additional.iter().map(|(version, percent)| (version.clone(), percent.weight())).collect();
        Self {
            version: Some(routing.version.clone()),
            weights: Some(weights),
            description: None,
            revision: revision.map(str::to_owned),
        }
    }
}

impl Alias {
    /// Whether it points or shifts to this version.
    pub(crate) fn uses(&self, version: &str) -> bool {
        self.version == version || self.additional.as_ref().is_some_and(|(additional, _)| additional == version)
    }

    /// The version that a request gets: the additional one below its weight. AWS draws anew for every request.
    pub(crate) fn pick(&self, random: f64) -> &str {
        match &self.additional {
            Some((version, weight)) if random < *weight => version,
            _ => &self.version,
        }
    }

    /// Where it was pointed, whatever AWS has moved so far.
    pub(crate) fn asked(&self) -> Routing {
        match self.moving {
            Some(_) => Routing::wholly(&self.version),
            None => self.routing(),
        }
    }

    /// The alias as the answer to an update shows it.
    pub(crate) fn answered(&self, slow: Option<SlowMoves>) -> Self {
        match slow {
            Some(SlowMoves { answered: false, .. }) if self.moving.is_some() => {
                Self { additional: None, ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    /// After an update from this alias without weights: what the version that it leaves had, it has for some time.
    fn move_slowly(&mut self, from: &Self, slow: Option<SlowMoves>, now: Timestamp) {
        self.moving = None;
        let Some(slow) = slow.filter(|_| self.additional.is_none()) else { return };
        let had = match &from.additional {
            Some((other, weight)) if *other == self.version => (from.version.clone(), 1.0 - weight),
            Some((other, weight)) if from.version == self.version => (other.clone(), *weight),
            _ => (from.version.clone(), 1.0),
        };
        if had.0 != self.version && had.1 > 0.0 {
            self.additional = Some(had);
            self.moving = now.checked_add(SignedDuration::try_from(slow.time).unwrap_or(SignedDuration::MAX)).ok();
        }
    }

    /// Lets AWS end what it moves, if it is time.
    pub(crate) fn settle(&mut self, slow: Option<SlowMoves>, now: Timestamp, revisions: &mut Revisions) {
        if self.moving.is_some_and(|until| until <= now) {
            (self.moving, self.additional) = (None, None);
            if slow.is_some_and(|slow| slow.renewed) {
                self.revision = revisions.next();
            }
        }
    }

    /// Where it points, as a release sees it.
    pub(crate) fn routing(&self) -> Routing {
        let additional = self
            .additional
            .as_ref()
            .and_then(|(version, weight)| Some((version.clone(), Percent::from_weight(*weight)?)));
        Routing { version: self.version.clone(), additional }
    }

    /// The alias as a release sees it.
    pub(crate) fn view(&self, place: &Place) -> AliasView {
        AliasView {
            routing: self.routing(),
            revision: self.revision.clone(),
            description: self.description.clone(),
            place: place.clone(),
        }
    }
}

impl Function {
    /// `GetAlias`.
    pub(crate) fn alias(&self, function: &str, name: &str) -> Result<&Alias, Refusal> {
        check_alias(name)?;
        let missing =
            || Refusal::not_found(format!("Cannot find alias arn: {}", arn(&self.place, function, Some(name))));
        self.aliases.get(name).ok_or_else(missing)
    }

    /// `CreateAlias`.
    pub(crate) fn create_alias(
        &mut self,
        function: &str,
        name: &str,
        change: Change,
        revisions: &mut Revisions,
    ) -> Result<&Alias, Refusal> {
        check_alias(name)?;
        if self.aliases.contains_key(name) {
            return Err(Refusal::conflict(format!("Alias already exists: {}", arn(&self.place, function, Some(name)))));
        }
        let Some(version) = change.version.clone() else {
            return Err(Refusal::constraint("null", "functionVersion", "not be null"));
        };
        let blank =
            Alias { version, additional: None, description: String::new(), revision: String::new(), moving: None };
        let alias = self.changed(function, blank, change, revisions)?;
        Ok(self.aliases.entry(name.to_owned()).or_insert(alias))
    }

    /// `UpdateAlias`.
    pub(crate) fn update_alias(
        &mut self,
        function: &str,
        name: &str,
        change: Change,
        revisions: &mut Revisions,
        (slow, now): (Option<SlowMoves>, Timestamp),
    ) -> Result<&Alias, Refusal> {
        let from = self.alias(function, name)?.clone();
        let alias = Alias { additional: from.additional.clone().filter(|_| from.moving.is_none()), ..from.clone() };
        if change.revision.as_ref().is_some_and(|revision| *revision != alias.revision) {
            return Err(Refusal::precondition());
        }
        let mut alias = self.changed(function, alias, change, revisions)?;
        alias.move_slowly(&from, slow, now);
        let entry = self.aliases.entry(name.to_owned()).insert_entry(alias);
        Ok(entry.into_mut())
    }

    /// `DeleteAlias`: one that is not there is as good as deleted.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html>
    pub(crate) fn delete_alias(&mut self, name: &str) -> Result<(), Refusal> {
        check_alias(name)?;
        self.aliases.remove(name);
        self.provisioned.remove(name);
        Ok(())
    }

    /// `ListAliases`, of all or of those that point to one version.
    pub(crate) fn list_aliases(
        &self,
        version: Option<&str>,
        marker: Option<&str>,
        most: Option<i64>,
    ) -> Result<Page<(&str, &Alias)>, Refusal> {
        let all = self.aliases.iter().map(|(name, alias)| (name.as_str(), alias));
        page(all.filter(|(_, alias)| version.is_none_or(|version| alias.uses(version))).collect(), marker, most)
    }

    /// The alias after a change, with a new revision even where nothing was said.
    fn changed(
        &self,
        function: &str,
        mut alias: Alias,
        change: Change,
        revisions: &mut Revisions,
    ) -> Result<Alias, Refusal> {
        if let Some(version) = change.version {
            check_version(&version)?;
            alias.version = version;
        }
        if let Some(weights) = change.weights {
            alias.additional = additional(weights)?;
        }
        if let Some(description) = change.description {
            if description.chars().count() > DESCRIPTION {
                return Err(Refusal::constraint(&description, "description", "have length less than or equal to 256"));
            }
            alias.description = description;
        }
        self.check_routing(function, &alias)?;
        alias.revision = revisions.next();
        Ok(alias)
    }

    /// Both versions exist, are published where there are two, and have the same role and dead-letter queue.
    fn check_routing(&self, function: &str, alias: &Alias) -> Result<(), Refusal> {
        let primary = self.version(function, &alias.version)?;
        let Some((additional, _)) = &alias.additional else { return Ok(()) };
        if *additional == alias.version {
            return Err(Refusal::invalid(format!(
                "Invalid function version {additional}. Function version {additional} is already included in routing configuration."
            )));
        }
        if alias.version == "$LATEST" {
            return Err(Refusal::invalid("$LATEST is not supported for an alias pointing to more than 1 version"));
        }
        let additional = self.version(function, additional)?;
        // AWS documents these two rules without their texts.
        if primary.code.role != additional.code.role {
            return Err(Refusal::invalid(
                "Function versions in routing configuration must have the same execution role.",
            ));
        }
        if primary.code.dead_letter != additional.code.dead_letter {
            return Err(Refusal::invalid(
                "Function versions in routing configuration must have the same dead-letter queue configuration.",
            ));
        }
        Ok(())
    }
}

/// At most one additional version, by number, with a weight from 0.0 to below 1.0.
///
/// The API's model allows 1.0; the service is reported to refuse it. Whoever wants all of it moves the alias.
fn additional(weights: Vec<(String, f64)>) -> Result<Option<(String, f64)>, Refusal> {
    if weights.len() > 1 {
        return Err(Refusal::invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    }
    let Some((version, weight)) = weights.into_iter().next() else { return Ok(None) };
    let member = "routingConfig.additionalVersionWeights";
    if !is_number(&version) {
        return Err(Refusal::constraint(&version, member, "satisfy regular expression pattern: [0-9]+"));
    }
    if !(0.0..1.0).contains(&weight) {
        let value = format!("{{{version}={weight}}}");
        return Err(Refusal::constraint(&value, member, "have value between 0.0 and 1.0"));
    }
    Ok(Some((version, weight)))
}
