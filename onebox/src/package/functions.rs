//! The CloudFront Functions of a configuration, and what of it there is no room for.

use onebox_cff::{Fit, Refused};
use onebox_edge::{Config, CrawlerTexts};
use serde::{Deserialize, Serialize};

use super::Artifact;

/// The functions, as far as they can be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Functions {
    /// Their files.
    pub(crate) files: Vec<Artifact>,
    /// The commands that put the release into the KeyValueStore, where there is one.
    pub(crate) store_update: Option<String>,
    /// How many of the crawlers' texts they look for, where it is not all of them.
    pub(crate) crawlers: Option<Held>,
    /// Whether it is the exceptions that leave no room for them.
    pub(crate) exceptions_are_long: bool,
    /// What is not written.
    pub(crate) left_out: Vec<LeftOut>,
    /// Whether the configuration has a table for functions alone.
    pub(crate) are_configured: bool,
}

/// How many of the crawlers' texts the functions look for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    /// So many, the shortest.
    pub(crate) held: usize,
    /// Of so many.
    pub(crate) all: usize,
}

/// What is not written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// Which file, or `store_update`.
    pub(crate) what: String,
    /// Why, and what to do.
    pub(crate) why: String,
}

impl Functions {
    /// The functions of a configuration; viewer-response only has something to do where visitors are pinned.
    pub(crate) fn of(config: &Config, are_configured: bool) -> Self {
        let mut all = Self { are_configured, ..Self::default() };
        let names = ["viewer-request.cff.js", "viewer-response.cff.js"];
        match onebox_cff::functions(config) {
            Ok(functions) => {
                let code = [Some(functions.viewer_request), functions.viewer_response];
                let file = |(name, code): (&str, Option<String>)| {
                    code.map(|code| Artifact { path: name.to_owned(), bytes: code.into_bytes() })
                };
                all.files = names.into_iter().zip(code).filter_map(file).collect();
                let Fit { held, all: of } = functions.crawlers;
                all.crawlers = (held < of).then_some(Held { held, all: of });
                all.exceptions_are_long =
                    held < of && without_exceptions(config).is_some_and(|fit| fit / 2 >= held.max(1));
            }
            Err(why) => {
                // Both or none: a viewer-response that looks for other crawlers than viewer-request would pin them.
                let expected = if config.pin.is_some() { &names[..] } else { &names[..1] };
                expected.iter().for_each(|name| all.leave_out(name, &why));
            }
        }
        if config.function.store.is_some() {
            match onebox_cff::store_update(config) {
                Ok(commands) => all.store_update = Some(commands),
                Err(why) => all.leave_out("store_update", &why),
            }
        }
        all
    }

    fn leave_out(&mut self, what: &str, why: &Refused) {
        self.left_out.push(LeftOut { what: what.to_owned(), why: why.to_string() });
    }

    /// What there is no room for: the setting that it is about, and a sentence.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = (&'static str, String)> {
        let crawlers = self.crawlers.map(|Held { held, all }| {
            let (field, why) = match self.exceptions_are_long {
                true => {
                    ("crawlers.except", "because the exceptions leave no room for more in 10 KB: shorten this list; ")
                }
                false => ("crawlers.contains", "because no more fit into 10 KB: "),
            };
            let texts = if self.exceptions_are_long { "texts of crawlers.contains" } else { "texts" };
            let message = format!(
                "the CloudFront Functions look for {held} of the {all} {texts}, the shortest, {why}\
                 the other crawlers are visitors to them; at Lambda@Edge all are looked for"
            );
            (field, message)
        });
        crawlers.into_iter().chain(self.missing())
    }

    /// What is not written at all.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (&'static str, String)> {
        let field = if self.are_configured { "function" } else { "partition" };
        self.left_out.iter().map(move |LeftOut { what, why }| match &**what {
            "store_update" => ("release.share", format!("the commands for the KeyValueStore are not written: {why}")),
            _ => (field, format!("the CloudFront Function {what} is not written: {why}")),
        })
    }
}

/// How many texts would fit if there were no exceptions.
fn without_exceptions(config: &Config) -> Option<usize> {
    if config.crawlers.except.is_empty() {
        return None;
    }
    let crawlers = CrawlerTexts { except: Vec::new(), ..config.crawlers.clone() };
    let functions = onebox_cff::functions(&Config { crawlers, ..config.clone() }).ok()?;
    Some(functions.crawlers.held)
}
