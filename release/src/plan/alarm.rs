//! Alarms: which ones, where they are, and what it means when they have no data.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    fields::{Problems, Table, kind, text},
    rules,
};

/// An alarm that sends everything back.
///
/// Written as its name, its ARN, or a table:
///
/// ```
/// use onebox_release::{Alarm, MissingData};
///
/// let alarm = Alarm::read("arn:aws:cloudwatch:us-east-1:123456789012:alarm:cdn-5xx")?;
/// assert_eq!((alarm.name.as_str(), alarm.region.as_deref()), ("cdn-5xx", Some("us-east-1")));
/// assert_eq!((alarm.to_string().as_str(), alarm.missing_data), ("cdn-5xx (us-east-1)", MissingData::Hold));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// The region that it is in; `None`: the release's.
    pub region: Option<String>,
    /// The account, where the alarm was given by its ARN: CloudWatch shows alarms to their own account only.
    pub account: Option<String>,
    /// What it means when it has no data.
    pub missing_data: MissingData,
}

/// What it means when an alarm has no data (`INSUFFICIENT_DATA`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingData {
    /// Nothing is known: the release is held until there is data, and the time without does not count.
    #[default]
    Hold,
    /// As good as OK: for alarms on what happens rarely.
    Ok,
    /// As bad as ALARM: for alarms on what always happens.
    RollBack,
}

/// As journals and requests have it: a name where it is nothing more.
#[derive(Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "kebab-case")]
enum Written {
    Name(String),
    Whole {
        alarm: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        #[serde(default)]
        missing_data: MissingData,
    },
}

impl From<Written> for Alarm {
    fn from(written: Written) -> Self {
        match written {
            Written::Name(name) => Self::named(name),
            Written::Whole { alarm: name, region, account, missing_data } => {
                Self { name, region, account, missing_data }
            }
        }
    }
}

impl From<Alarm> for Written {
    fn from(alarm: Alarm) -> Self {
        match alarm {
            Alarm { name, region: None, account: None, missing_data: MissingData::Hold } => Self::Name(name),
            Alarm { name, region, account, missing_data } => Self::Whole { alarm: name, region, account, missing_data },
        }
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            None => f.write_str(&self.name),
            Some(region) => write!(f, "{} ({region})", self.name),
        }
    }
}

impl Alarm {
    /// An alarm of the release's own region, which holds the release when it has no data.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), region: None, account: None, missing_data: MissingData::Hold }
    }

    /// Reads a name or an ARN.
    ///
    /// # Errors
    /// What was expected.
    pub fn read(text: &str) -> Result<Self, String> {
        let Some(arn) = text.strip_prefix("arn:") else {
            return rules::alarm_name(text).map(Self::named);
        };
        // arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:NAME
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [partition, "cloudwatch", region, account, "alarm", name] = *parts else {
            return Err(format!(
                "expected an alarm's name, or its ARN, arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME, found {text:?}"
            ));
        };
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !partition.starts_with("aws") || !digits {
            return Err(format!("expected an ARN with an account of 12 digits, found {text:?}"));
        }
        let region = rules::region_name(region)?;
        let (name, region) = (rules::alarm_name(name)?.to_owned(), Some(region.to_owned()));
        Ok(Self { name, region, account: Some(account.to_owned()), missing_data: MissingData::Hold })
    }

    /// Whether both are the same alarm, as far as they say where it is.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.region == other.region
    }
}

/// Reads an alarm of a plan: a name, an ARN or a table.
pub(super) fn read(path: &str, value: &Value, problems: &mut Problems) -> Option<Alarm> {
    match value {
        Value::String(name) => problems.checked(path, Alarm::read(name)),
        Value::Object(_) => table(Table::open(path, value, problems)?, problems),
        other => {
            let message = format!(
                "expected a string, such as \"web-5xx\", or a table, such as {{ alarm = \"cdn-5xx\", region = \
                 \"us-east-1\" }}, found {}",
                kind(other)
            );
            problems.add(path, message);
            None
        }
    }
}

fn table(mut table: Table<'_>, problems: &mut Problems) -> Option<Alarm> {
    let alarm = place(&mut table, problems);
    let missing_data = table.optional("missing_data", problems, missing_data).unwrap_or_default();
    table.close(problems);
    Some(Alarm { missing_data, ..alarm? })
}

/// The members `alarm` and `region` of a table.
pub(super) fn place(table: &mut Table<'_>, problems: &mut Problems) -> Option<Alarm> {
    let alarm = table.required("alarm", problems, |value| Alarm::read(text(value)?));
    let region = table.optional("region", problems, rules::region);
    let mut alarm = alarm?;
    if let Some(region) = region {
        if alarm.region.as_deref().is_some_and(|own| own != region) {
            problems
                .add(table.at("region"), format!("differs from the region in the ARN: remove it, found {region:?}"));
        }
        alarm.region = Some(region.to_owned());
    }
    Some(alarm)
}

/// What a plan may say about missing data.
pub(super) fn missing_data(value: &Value) -> Result<MissingData, String> {
    MissingData::read(text(value)?)
}

impl MissingData {
    /// Reads `hold`, `ok` or `roll-back`.
    ///
    /// # Errors
    /// What was expected.
    pub fn read(text: &str) -> Result<Self, String> {
        match text {
            "hold" => Ok(Self::Hold),
            "ok" => Ok(Self::Ok),
            "roll-back" => Ok(Self::RollBack),
            other => Err(format!("expected \"hold\", \"ok\" or \"roll-back\", found {other:?}")),
        }
    }
}
