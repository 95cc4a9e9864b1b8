use core::{error, fmt, str::FromStr};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. The clock is handed in: core never asks for the time.
///
/// ```
/// use onebox_core::Time;
/// assert_eq!("2026-11-20T13:00:00.5+01:00".parse(), Ok(Time::from_unix_millis(1_795_176_000_500)));
/// # Ok::<(), onebox_core::TimeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// Before every other moment.
    pub const MIN: Self = Self(i64::MIN);

    /// The moment this many milliseconds after 1970-01-01T00:00:00Z, or before it.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The moment this many seconds after 1970-01-01T00:00:00Z, or before it; the last one there is beyond that.
    ///
    /// ```
    /// use onebox_core::Time;
    /// assert_eq!(Time::from_unix_seconds(1_795_176_000).to_string(), "2026-11-20T12:00:00Z");
    /// assert_eq!(Time::from_unix_seconds(1).unix_millis(), 1_000);
    /// ```
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }
}

/// A text that is no [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339#section-5.6) time.
///
/// ```
/// use onebox_core::{Time, TimeError};
/// assert_eq!("2026-02-29T12:00:00Z".parse::<Time>(), Err(TimeError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeError;

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a time of RFC 3339, such as \"2026-11-20T12:00:00Z\"")
    }
}

impl error::Error for TimeError {}

impl FromStr for Time {
    type Err = TimeError;

    /// Reads RFC 3339, to the millisecond. A leap second is the moment after it.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        parse(text.as_bytes()).map(Self).ok_or(TimeError)
    }
}

impl fmt::Display for Time {
    /// Writes RFC 3339 in UTC, for the years that it can say (0 to 9999); another time as its nearest end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.clamp(-62_167_219_200_000, 253_402_300_799_999);
        let (seconds, millis) = (millis.div_euclid(1000), millis.rem_euclid(1000));
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date(days);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)?;
        if millis > 0 {
            write!(f, ".{millis:03}")?;
        }
        f.write_str("Z")
    }
}

fn parse(text: &[u8]) -> Option<i64> {
    let (date_time, rest) = text.split_at_checked(19)?;
    let [year, month, day, hour, minute, second] =
        [(0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)].map(|(from, to)| digits(&date_time[from..to]));
    let separators = [4, 7, 10, 13, 16].map(|at| date_time[at]);
    if !matches!(separators, [b'-', b'-', b'T' | b't', b':', b':']) {
        return None;
    }
    let (year, month, day) = (year?, month?, day?);
    let (hour, minute, second) = (hour?, minute?, second?);
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (millis, rest) = fraction(rest)?;
    let seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset(rest)?) * 60 + second;
    Some(seconds * 1000 + millis)
}

/// The milliseconds of `.123…`, and what comes behind.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(fraction) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let len = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, rest) = fraction.split_at(len);
    let millis = fraction.iter().chain(b"000").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    (len > 0).then_some((millis, rest))
}

/// The minutes of `Z`, `+01:00` or `-01:00`.
fn offset(rest: &[u8]) -> Option<i64> {
    match rest {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            let minutes = (hours <= 23 && minutes <= 59).then_some(hours * 60 + minutes)?;
            Some(if *sign == b'-' { -minutes } else { minutes })
        }
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + is_leap(year) as i64,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts in years that begin in March, so that the leap day is the last:
/// <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let months = (month + 9) % 12;
    let era = year.div_euclid(400);
    let year = year.rem_euclid(400);
    era * 146_097 + year * 365 + year / 4 - year / 100 + (153 * months + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of a day since 1970: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
const fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let months = (5 * day + 2) / 153;
    let month = if months < 10 { months + 3 } else { months - 9 };
    (era * 400 + year + (month <= 2) as i64, month, day - (153 * months + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20T12:00:00",
            "2026-11-20 12:00:00Z",
            "2026-13-20T12:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T12:60:00Z",
            "2026-11-20T12:00:61Z",
            "2026-11-20T12:00:00.Z",
            "26-11-20T12:00:00Z",
            "2026-11-20T12:00:00+1:00",
            "2026-11-20T12:00:00+24:00",
            "2026-11-20T12:00:00Z ",
            "2026-11-20T12:00:00é",
            "+026-11-20T12:00:00Z",
            "2026-00-20T12:00:00Z",
            "2026-11-00T12:00:00Z",
            "\u{FF12}026-11-20T12:00:00Z",
        ] {
            assert_eq!(text.parse::<Time>(), Err(TimeError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn times_are_read_and_written_as_jiff_does(millis in -62_135_596_800_000_i64..253_402_207_200_000) {
            let theirs = Timestamp::from_millisecond(millis).unwrap();
            let ours = Time::from_unix_millis(millis);
            prop_assert_eq!(theirs.to_string().parse(), Ok(ours));
            prop_assert_eq!(ours.to_string().parse::<Timestamp>().unwrap(), theirs);
        }

        #[test]
        fn offsets_are_taken_off(hours in 0..24, minutes in 0..60, sign in "[+-]") {
            let text = format!("2024-02-29T23:59:58.25{sign}{hours:02}:{minutes:02}");
            let theirs: Timestamp = text.parse().unwrap();
            prop_assert_eq!(text.parse(), Ok(Time::from_unix_millis(theirs.as_millisecond())));
        }
    }
}
