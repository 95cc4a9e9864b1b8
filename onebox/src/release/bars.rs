//! Progress bars: one for each alias, or for each group where there are too many, and a line for the stage.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use onebox_release::{Effect, Lane, Percent, State};

/// So many aliases have a bar each.
const ALIASES: usize = 12;

/// The bars of a release.
pub(super) struct Bars {
    all: MultiProgress,
    rows: Vec<(Row, ProgressBar)>,
    stage: ProgressBar,
}

/// What a bar stands for.
struct Row {
    title: String,
    /// Which of the lanes.
    lanes: Vec<usize>,
}

impl Bars {
    pub(super) fn new() -> Self {
        let all = MultiProgress::new();
        let stage = all.add(ProgressBar::no_length().with_style(style("{msg}")));
        Self { all, rows: Vec::new(), stage }
    }

    /// Prints beside the bars, not through them.
    pub(super) fn beside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.all.suspend(print)
    }

    pub(super) fn show(&mut self, state: &State, now: Timestamp) {
        if self.rows.is_empty() {
            for row in rows(&state.lanes) {
                let bar =
                    ProgressBar::new(u64::from(Percent::ALL.hundredths())).with_style(style("{prefix} {bar:30} {msg}"));
                // A bar that is not among the others yet would draw itself where it stands.
                let bar = bar.with_prefix(row.title.clone());
                self.rows.push((row, self.all.insert_before(&self.stage, bar)));
            }
        }
        for (row, bar) in &self.rows {
            let lanes = || row.lanes.iter().filter_map(|at| state.lanes.get(*at));
            let sum: u64 = lanes().map(|lane| u64::from(lane.percent.hundredths())).sum();
            bar.set_position(sum / row.lanes.len().max(1) as u64);
            bar.set_message(lanes().next().map_or_else(String::new, |lane| match row.lanes.len() {
                1 => described(lane),
                count => format!("{} of {count} done", lanes().filter(|lane| lane.percent == Percent::ALL).count()),
            }));
        }
        self.stage.set_message(match &state.effect {
            Effect::Wait { until } => format!("{}, looks again in {}", state.stage, seconds(until.duration_since(now))),
            _ => super::tell::wanted(state),
        });
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.stage.finish_and_clear();
        for (_, bar) in &self.rows {
            bar.abandon();
        }
    }
}

fn described(lane: &Lane) -> String {
    let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "?".to_owned());
    format!("{} on version {} (from {})", lane.percent, version(&lane.to), version(&lane.from))
}

fn seconds(left: SignedDuration) -> String {
    format!("{} s", left.as_secs().max(0))
}

fn rows(lanes: &[Lane]) -> Vec<Row> {
    let name = |lane: &Lane| format!("{}:{}", lane.function, lane.alias);
    let mut rows: Vec<Row> = Vec::new();
    for (at, lane) in lanes.iter().enumerate() {
        let same = |row: &&mut Row| row.lanes.iter().all(|other| lanes[*other].group == lane.group);
        match rows.iter_mut().find(same) {
            Some(row) if lanes.len() > ALIASES => row.lanes.push(at),
            _ => rows.push(Row { title: name(lane), lanes: vec![at] }),
        }
    }
    for row in &mut rows {
        if row.lanes.len() > 1 {
            row.title = lanes[row.lanes[0]].group.to_string();
        }
    }
    let width = rows.iter().map(|row| row.title.chars().count()).max().unwrap_or_default();
    for row in &mut rows {
        row.title = format!("{:width$}", row.title);
    }
    rows
}

fn style(template: &str) -> ProgressStyle {
    // A template that is wrong is a bar without words, and no reason to stop a release.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use onebox_release::{Group, Plan, State};
    use serde_json::json;

    use super::*;

    fn lanes(backends: usize) -> Vec<Lane> {
        let backend = |at| json!({ "function": format!("f{at}"), "alias": "live", "target": "2" });
        let all: Vec<_> = (0..backends).map(backend).collect();
        let plan = json!({
            "release": { "id": "r" },
            "backend": all,
            "regular": { "function": "web", "alias": "live", "target": "2" },
        });
        State::new(&Plan::read(&plan).unwrap(), Timestamp::UNIX_EPOCH).lanes
    }

    #[test]
    fn few_aliases_have_a_bar_each_and_many_one_for_each_group() {
        let titles = |lanes: &[Lane]| rows(lanes).iter().map(|row| row.title.trim().to_owned()).collect::<Vec<_>>();
        assert_eq!(titles(&lanes(2)), ["f0:live", "f1:live", "web:live"]);
        let many = lanes(200);
        assert_eq!(titles(&many), ["backends", "web:live"]);
        assert_eq!(rows(&many)[0].lanes.len(), 200);
        assert_eq!(many[0].group, Group::Backends);
    }
}
