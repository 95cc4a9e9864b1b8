//! What a template says about its bake.

use std::time::Duration;

use jiff::SignedDuration;
use onebox_release::{Alarm, Ignored, MissingData};
use serde_json::{Map, Value};

/// How long CloudFormation waits for an answer, where the template says nothing else:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-customresource.html>.
const SERVICE_TIMEOUT: Duration = Duration::from_secs(3_600);

/// The last answer is given so much before CloudFormation stops waiting.
const SPARE: Duration = Duration::from_secs(120);

/// A bake ends so much before the last answer, so that it can be held for a while.
const HOLD: Duration = Duration::from_secs(180);

/// `DescribeAlarms` reads so many at once:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>.
const MOST_ALARMS: usize = 100;

/// What a template says about its bake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    /// How long alarms are watched.
    pub duration: Duration,
    /// The alarms that are watched: those that are ignored are not among them.
    pub alarms: Vec<Alarm>,
    /// How often they are read.
    pub poll: Duration,
    /// When the last answer is given, counted from the request.
    pub patience: Duration,
}

impl Properties {
    /// Reads `ResourceProperties`.
    ///
    /// CloudFormation hands every number over as text, so a number may be either.
    ///
    /// ```
    /// use onebox_release_lambda::bake::Properties;
    /// use serde_json::json;
    ///
    /// let properties = Properties::read(&json!({ "Duration": "30m", "Alarms": ["web-5xx"], "PollSeconds": "5" })).unwrap();
    /// assert_eq!(properties.duration.as_secs(), 1_800);
    ///
    /// let problems = Properties::read(&json!({ "Duration": "2h", "Alarm": "web-5xx" })).unwrap_err();
    /// assert!(problems.contains("Duration") && problems.contains("Alarms") && problems.contains("Alarm:"));
    /// ```
    ///
    /// # Errors
    /// Every problem, in one text: a failed resource shows only one.
    pub fn read(properties: &Value) -> Result<Self, String> {
        let Some(properties) = properties.as_object() else {
            return Err("expected ResourceProperties with Duration and Alarms".into());
        };
        let mut reader = Reader { properties, problems: Vec::new() };
        let read = reader.read();
        match reader.problems.is_empty() {
            true => Ok(read),
            false => Err(reader.problems.join("; ")),
        }
    }
}

struct Reader<'a> {
    properties: &'a Map<String, Value>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self) -> Properties {
        const KNOWN: [&str; 7] =
            ["Duration", "Alarms", "IgnoreAlarms", "PollSeconds", "Release", "ServiceToken", "ServiceTimeout"];
        for name in self.properties.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
            self.problems.push(format!("{name}: no such property; there are {}", KNOWN[..5].join(", ")));
        }
        let timeout = self.seconds("ServiceTimeout", 1..=3_600).unwrap_or(SERVICE_TIMEOUT);
        let patience = timeout.saturating_sub(SPARE);
        let duration = self.duration(timeout, patience.saturating_sub(HOLD));
        let poll = self.seconds("PollSeconds", 1..=300).unwrap_or(Duration::from_secs(10));
        let mut alarms = self.alarms();
        let ignored = self.ignored(&alarms);
        alarms.retain(|alarm| !ignored.iter().any(|ignored| ignored.is(alarm)));
        Properties { duration, alarms, poll, patience }
    }

    fn duration(&mut self, timeout: Duration, longest: Duration) -> Duration {
        let text = self.properties.get("Duration").and_then(Value::as_str).unwrap_or_default();
        let duration = text.parse::<SignedDuration>().ok().and_then(|read| Duration::try_from(read).ok());
        match duration {
            Some(duration) if duration > longest => self.problems.push(format!(
                "Duration: {text} is too long: CloudFormation waits {} minutes for an answer, so a bake may take {} minutes \
                 at most; for a longer one use the release's state machine",
                timeout.as_secs() / 60,
                longest.as_secs() / 60
            )),
            Some(duration) if duration >= Duration::from_secs(1) => return duration,
            _ => self.problems.push(r#"Duration: expected a time of a second or more, such as "30m""#.into()),
        }
        Duration::ZERO
    }

    fn seconds(&mut self, name: &str, range: std::ops::RangeInclusive<u64>) -> Option<Duration> {
        let value = self.properties.get(name)?;
        let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.problems.push(format!("{name}: expected whole seconds, {} to {}", range.start(), range.end()));
        }
        number.map(Duration::from_secs)
    }

    fn alarms(&mut self) -> Vec<Alarm> {
        let list = self.properties.get("Alarms").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut alarms: Vec<Alarm> = Vec::new();
        for alarm in list {
            match read_alarm(alarm) {
                // Listed twice is watched once.
                Ok(alarm) if alarms.iter().any(|known| known.is_same(&alarm)) => {}
                Ok(alarm) => alarms.push(alarm),
                Err(problem) => self.problems.push(format!("Alarms: {problem}")),
            }
        }
        if list.is_empty() {
            self.problems.push("Alarms: expected at least one name: without an alarm a bake is only a wait".into());
        } else if alarms.len() > MOST_ALARMS {
            self.problems.push(format!("Alarms: {} are listed, at most {MOST_ALARMS} can be watched", alarms.len()));
        }
        alarms
    }

    fn ignored(&mut self, alarms: &[Alarm]) -> Vec<Ignored> {
        let list = match self.properties.get("IgnoreAlarms") {
            None => return Vec::new(),
            Some(list) => list.as_array().map(Vec::as_slice),
        };
        let mut ignored = Vec::new();
        for entry in list.unwrap_or(&[Value::Null]) {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
            match (text("Alarm"), text("Because")) {
                (Some(alarm), Some(because)) => match Alarm::read(alarm) {
                    Ok(Alarm { name: alarm, region, .. }) => {
                        let entry = Ignored { alarm, region, because: because.to_owned() };
                        if !alarms.iter().any(|known| entry.is(known)) {
                            self.problems.push(format!("IgnoreAlarms: {} is not in Alarms", entry.alarm));
                        }
                        ignored.push(entry);
                    }
                    Err(problem) => self.problems.push(format!("IgnoreAlarms: {problem}")),
                },
                _ => self.problems.push(r#"IgnoreAlarms: expected a list of {"Alarm": …, "Because": …}"#.into()),
            }
        }
        ignored
    }
}

/// An alarm: a name, an ARN, or an object with `Alarm`, `Region` and `MissingData`.
fn read_alarm(alarm: &Value) -> Result<Alarm, String> {
    const EXPECTED: &str = "expected names of alarms, ARNs, or objects with Alarm, Region and MissingData";
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| EXPECTED.to_owned());
    let Value::Object(members) = alarm else { return Alarm::read(&text(alarm)?) };
    if members.keys().any(|name| !["Alarm", "Region", "MissingData"].contains(&name.as_str())) {
        return Err(EXPECTED.to_owned());
    }
    let mut alarm = Alarm::read(&text(members.get("Alarm").unwrap_or(&Value::Null))?)?;
    if let Some(region) = members.get("Region") {
        alarm.region = Some(text(region)?);
    }
    if let Some(policy) = members.get("MissingData") {
        alarm.missing_data = MissingData::read(&text(policy)?)?;
    }
    Ok(alarm)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(extra: Value) -> Result<Properties, String> {
        let mut properties = json!({ "ServiceToken": "arn:x", "Duration": "30m", "Alarms": ["a", "b"] });
        for (name, value) in extra.as_object().unwrap() {
            properties[name] = value.clone();
        }
        Properties::read(&properties)
    }

    #[test]
    fn a_template_says_little() {
        let properties = read(json!({})).unwrap();
        assert_eq!(properties.duration, Duration::from_secs(1_800));
        assert_eq!(properties.alarms, ["a", "b"].map(Alarm::named));
        assert_eq!(properties.poll, Duration::from_secs(10));
        assert_eq!(properties.patience, Duration::from_secs(58 * 60));
    }

    #[test]
    fn numbers_are_numbers_or_text() {
        for seconds in [json!(30), json!("30")] {
            assert_eq!(read(json!({ "PollSeconds": seconds })).unwrap().poll, Duration::from_secs(30));
        }
        for seconds in [json!(0), json!("301"), json!("ten"), json!(null), json!(1.5)] {
            assert!(read(json!({ "PollSeconds": seconds })).unwrap_err().starts_with("PollSeconds: expected"));
        }
    }

    #[test]
    fn a_bake_fits_into_the_time_that_cloudformation_waits() {
        assert!(read(json!({ "Duration": "55m" })).is_ok());
        let problem = read(json!({ "Duration": "55m 1s" })).unwrap_err();
        assert!(problem.contains("60 minutes for an answer") && problem.contains("55 minutes at most"), "{problem}");
        let short = json!({ "Duration": "10m", "ServiceTimeout": "900" });
        assert_eq!(read(short).unwrap().patience, Duration::from_secs(780));
        assert!(
            read(json!({ "Duration": "11m", "ServiceTimeout": "900" })).unwrap_err().contains("10 minutes at most")
        );
        for wrong in [json!("0s"), json!("-5m"), json!(""), json!("soon"), json!(30), json!(null), json!("200ms")] {
            assert!(read(json!({ "Duration": wrong })).unwrap_err().starts_with("Duration: expected"), "{wrong}");
        }
    }

    #[test]
    fn alarms_are_named_and_ignored_for_a_reason() {
        let ignored = json!({ "IgnoreAlarms": [{ "Alarm": "b", "Because": "red since Monday" }] });
        assert_eq!(read(ignored).unwrap().alarms, [Alarm::named("a")]);
        assert_eq!(read(json!({ "Alarms": ["a", "a"] })).unwrap().alarms, [Alarm::named("a")]);
        let far = json!({ "Alarms": [
            { "Alarm": "cdn-5xx", "Region": "us-east-1", "MissingData": "ok" },
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cdn-4xx",
        ] });
        let far = read(far).unwrap().alarms;
        assert_eq!(
            far.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["cdn-5xx (us-east-1)", "cdn-4xx (us-east-1)"]
        );
        assert_eq!(far[0].missing_data, MissingData::Ok);
        let many: Vec<_> = (0..101).map(|number| number.to_string()).collect();
        for (wrong, said) in [
            (json!({ "Alarms": [] }), "at least one"),
            (json!({ "Alarms": "a" }), "at least one"),
            (json!({ "Alarms": [1] }), "names of alarms"),
            (json!({ "Alarms": [""] }), "empty text"),
            (json!({ "Alarms": ["x".repeat(256)] }), "at most 255"),
            (json!({ "Alarms": [{ "Alarm": "a", "MissingData": "later" }] }), "\"hold\", \"ok\" or \"roll-back\""),
            (json!({ "Alarms": [{ "Alarm": "a", "Colour": "red" }] }), "Region and MissingData"),
            (json!({ "Alarms": many }), "at most 100"),
            (json!({ "IgnoreAlarms": ["b"] }), "Because"),
            (json!({ "IgnoreAlarms": "b" }), "Because"),
            (json!({ "IgnoreAlarms": [{ "Alarm": "b", "Because": " " }] }), "Because"),
            (json!({ "IgnoreAlarms": [{ "Alarm": "c", "Because": "x" }] }), "c is not in Alarms"),
        ] {
            let problem = read(wrong.clone()).unwrap_err();
            assert!(problem.contains(said), "{wrong}: {problem}");
        }
    }

    #[test]
    fn all_problems_come_at_once() {
        let problem = Properties::read(&json!({ "Duraton": "30m", "PollSeconds": 0 })).unwrap_err();
        for name in ["Duraton: no such property", "Duration: expected", "PollSeconds: expected", "Alarms: expected"] {
            assert!(problem.contains(name), "{problem}");
        }
        for nothing in [json!(null), json!("x"), json!([])] {
            assert!(Properties::read(&nothing).is_err());
        }
    }
}
