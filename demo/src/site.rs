//! The demo's site in two releases: a small tea shop, rendered on the server, with assets named after their content.
//!
//! Both releases come from the same templates, filled in differently. So every asset has another name on each side,
//! and a visitor who gets the page from one side and its assets from the other gets a broken page.

use std::{collections::HashMap, fmt::Write as _};

use onebox_core::Partition;
use sha2::{Digest, Sha256};

/// The pages that visitors walk through.
pub(super) const PATHS: [&str; 5] = ["/", "/tea/sencha", "/tea/assam", "/tea/oolong", "/tea/rooibos"];
/// Where the assets are.
pub(super) const ASSETS: &str = "/assets/";

const PAGE: &str = include_str!("site/page.html");
const TEMPLATES: [(&str, &str, &str); 12] = [
    ("base.css", "text/css", include_str!("site/base.css")),
    ("layout.css", "text/css", include_str!("site/layout.css")),
    ("theme.css", "text/css", include_str!("site/theme.css")),
    ("motion.css", "text/css", include_str!("site/motion.css")),
    ("app.js", "text/javascript", include_str!("site/app.js")),
    ("cart.js", "text/javascript", include_str!("site/cart.js")),
    ("brew.js", "text/javascript", include_str!("site/brew.js")),
    ("season.js", "text/javascript", include_str!("site/season.js")),
    ("logo.svg", "image/svg+xml", include_str!("site/logo.svg")),
    ("cup.svg", "image/svg+xml", include_str!("site/cup.svg")),
    ("leaf.svg", "image/svg+xml", include_str!("site/leaf.svg")),
    ("pot.svg", "image/svg+xml", include_str!("site/pot.svg")),
];

/// One release of the site, rendered.
#[derive(Debug)]
pub(super) struct Release {
    /// The side that it runs on.
    pub(super) side: Partition,
    files: HashMap<String, File>,
    missing: File,
}

/// What a path answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Its Content-Type.
    pub(super) kind: &'static str,
    /// Its Cache-Control.
    pub(super) cache: &'static str,
    /// Its content.
    pub(super) content: String,
    /// Its ETag.
    pub(super) etag: String,
}

impl File {
    /// Whether a person opens it.
    pub(super) fn is_page(&self) -> bool {
        self.kind.starts_with("text/html")
    }

    fn new(kind: &'static str, cache: &'static str, content: String) -> Self {
        let etag = format!("\"{}\"", fingerprint(&content));
        Self { kind, cache, content, etag }
    }
}

/// Which of the two releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edition {
    A,
    B,
}

impl Release {
    /// Renders the release that a side has all the time: A is regular, B is on the one-box.
    pub(super) fn of(side: Partition) -> Self {
        let edition = match side {
            Partition::Regular => Edition::A,
            Partition::OneBox => Edition::B,
        };
        Self::new(side, edition, None)
    }

    /// Renders a release that runs on a side, and whose pages ask an API at this path.
    pub(super) fn new(side: Partition, edition: Edition, api: Option<&str>) -> Self {
        let look = Look::of(edition);
        let api = api.map(|path| format!(r#" data-api="{path}""#)).unwrap_or_default();
        let mut links = String::new();
        let mut files = HashMap::new();
        let mut names = HashMap::new();
        for (name, kind, template) in TEMPLATES {
            let content = look.fill(template);
            let path = hashed(name, &content);
            let _ = match kind {
                "text/css" => writeln!(links, r#"<link rel="stylesheet" href="{path}">"#),
                "text/javascript" => writeln!(links, r#"<script src="{path}" defer></script>"#),
                _ => Ok(()),
            };
            names.insert(name, path.clone());
            // A name says what is in it, so nobody ever has to ask again.
            files.insert(path, File::new(kind, "public, max-age=31536000, immutable", content));
        }
        let page = |tea: &str, blurb: &str| {
            let mut page = look.fill(PAGE).replace("{{links}}", &links).replace("{{api}}", &api);
            page = page.replace("{{tea}}", tea).replace("{{blurb}}", blurb);
            for (name, path) in &names {
                page = page.replace(&format!("{{{{{name}}}}}"), path);
            }
            File::new("text/html; charset=utf-8", "no-cache", page)
        };
        for path in PATHS {
            let (tea, blurb) = tea(path);
            files.insert(path.to_owned(), page(tea, blurb));
        }
        Self { side, files, missing: page("No such tea", "There is nothing here: the shop is one page up.") }
    }

    /// The file at a path.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// What a person sees where there is no page.
    pub(super) fn missing(&self) -> &File {
        &self.missing
    }
}

/// How a release differs from the other one.
struct Look {
    release: &'static str,
    headline: &'static str,
    accent: &'static str,
    paper: &'static str,
    ink: &'static str,
    radius: &'static str,
    columns: &'static str,
    button: &'static str,
}

impl Look {
    fn of(edition: Edition) -> Self {
        match edition {
            Edition::A => Self {
                release: "A",
                headline: "Tea for every hour",
                accent: "#2f6b4f",
                paper: "#f6f4ec",
                ink: "#22302a",
                radius: "4px",
                columns: "repeat(2, 1fr)",
                button: "Add to basket",
            },
            Edition::B => Self {
                release: "B",
                headline: "Find the tea for this hour",
                accent: "#b4541f",
                paper: "#fff8f1",
                ink: "#33241b",
                radius: "18px",
                columns: "repeat(4, 1fr)",
                button: "Brew this",
            },
        }
    }

    fn fill(&self, template: &str) -> String {
        [
            ("{{release}}", self.release),
            ("{{headline}}", self.headline),
            ("{{accent}}", self.accent),
            ("{{paper}}", self.paper),
            ("{{ink}}", self.ink),
            ("{{radius}}", self.radius),
            ("{{columns}}", self.columns),
            ("{{button}}", self.button),
        ]
        .iter()
        .fold(template.to_owned(), |text, (place, value)| text.replace(place, value))
    }
}

fn tea(path: &str) -> (&'static str, &'static str) {
    match path {
        "/tea/sencha" => ("Sencha", "Steamed, grassy, bright: the tea of clear mornings."),
        "/tea/assam" => ("Assam", "Malt and strength: it takes milk and long meetings."),
        "/tea/oolong" => ("Oolong", "Half way between green and black, and never in a hurry."),
        "/tea/rooibos" => ("Rooibos", "Red, sweet and free of caffeine: the tea after dinner."),
        _ => ("Four teas", "Picked by hand, packed by hand, poured by you."),
    }
}

/// `/assets/app.3f9a1c.js` for `app.js`.
fn hashed(name: &str, content: &str) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{ASSETS}{stem}.{}.{ending}", fingerprint(content))
}

fn fingerprint(content: &str) -> String {
    Sha256::digest(content).iter().take(3).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The assets that a page loads, each once, in order: what a browser would find in its HTML.
pub(super) fn assets_in(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in html.match_indices(ASSETS) {
        let before = html[..at].chars().next_back();
        let path = html[at..].split(['"', '\'']).next().unwrap_or_default();
        if matches!(before, Some('"' | '\'')) && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(release: &Release, path: &str) -> String {
        release.file(path).unwrap().content.clone()
    }

    #[test]
    fn every_page_loads_twelve_assets_that_its_own_release_has() {
        for side in [Partition::Regular, Partition::OneBox] {
            let release = Release::of(side);
            for path in PATHS {
                let html = page(&release, path);
                let assets = assets_in(&html);
                assert_eq!(assets.len(), 12, "{path}: {assets:?}");
                assert!(assets.iter().all(|asset| release.file(asset).is_some()), "{path}");
                assert!(!html.contains("{{"), "{path} has a place that is not filled in");
            }
        }
    }

    #[test]
    fn no_asset_of_one_release_exists_on_the_other_side() {
        let (regular, one_box) = (Release::of(Partition::Regular), Release::of(Partition::OneBox));
        for path in assets_in(&page(&regular, "/")) {
            assert!(one_box.file(path).is_none(), "{path}");
        }
        assert_ne!(page(&regular, "/"), page(&one_box, "/"));
    }

    #[test]
    fn an_asset_is_named_after_its_content() {
        assert_eq!(hashed("app.js", "1"), "/assets/app.6b86b2.js");
        assert_ne!(hashed("app.js", "1"), hashed("app.js", "2"));
    }

    #[test]
    fn assets_are_kept_for_ever_and_pages_are_asked_for_again() {
        let release = Release::of(Partition::OneBox);
        let html = page(&release, "/");
        assert_eq!(release.file("/").unwrap().cache, "no-cache");
        assert!(assets_in(&html).iter().all(|asset| release.file(asset).unwrap().cache.contains("immutable")));
    }

    #[test]
    fn only_quoted_addresses_are_assets_and_each_counts_once() {
        let html = r#"<img src="/assets/a.1.svg"><img src='/assets/a.1.svg'>/assets/b.js<a href="/assets/c.css">"#;
        assert_eq!(assets_in(html), ["/assets/a.1.svg", "/assets/c.css"]);
    }
}
