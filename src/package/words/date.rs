//! Seconds since 1970 as the dates of package metadata, always in UTC.

/// `Thu, 01 Jan 1970 00:00:00 +0000` (RFC 5322), as Debian changelogs have it.
pub(crate) fn rfc5322(seconds: u64) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let weekday = WEEKDAYS[usize::try_from(days % 7).unwrap_or_default()];
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{weekday}, {day:02} {} {year:04} {hour:02}:{minute:02}:{second:02} +0000", MONTHS[month])
}

/// Year, month from 0 and day from 1 of a day since 1970, in the Gregorian calendar.
fn civil(days: u64) -> (u64, usize, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    // Whole cycles of 400 years first, so that the loop is short for any input.
    let (mut year, mut days) = (1970 + days / 146_097 * 400, days % 146_097);
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 0;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

/// Seconds since 1970 of `Thu, 01 Jan 1970 00:00:00 +0000`; None for any other text, or a time before 1970.
pub(crate) fn parse_rfc5322(text: &str) -> Option<u64> {
    u64::try_from(chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?.timestamp()).ok()
}

/// Noon of `Thu Jan 01 1970`, as an RPM changelog has it: rpm takes noon, too, so that no time zone makes it another day.
pub(crate) fn parse_day(text: &str) -> Option<u64> {
    noon(text, "%a %b %d %Y")
}

/// Noon of `1970-01-01`.
pub(crate) fn parse_iso(text: &str) -> Option<u64> {
    noon(text, "%Y-%m-%d")
}

fn noon(text: &str, form: &str) -> Option<u64> {
    let day = chrono::NaiveDate::parse_from_str(text.trim(), form).ok()?;
    u64::try_from(day.and_hms_opt(12, 0, 0)?.and_utc().timestamp()).ok()
}

/// `Thu Jan 01 1970`, as an RPM changelog has it.
pub(crate) fn day(seconds: u64) -> String {
    let text = rfc5322(seconds);
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [weekday, day, month, year, ..] => format!("{weekday} {month} {day} {year}"),
        _ => text,
    }
}

/// `1970-01-01T00:00:00Z` (ISO 8601)
pub(crate) fn iso8601(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let rest = seconds % 86_400;
    format!("{year:04}-{:02}-{day:02}T{:02}:{:02}:{:02}Z", month + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

/// The year of a moment.
pub(crate) fn year(seconds: u64) -> u64 {
    civil(seconds / 86_400).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            (0, "Thu, 01 Jan 1970 00:00:00 +0000"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (1_700_000_000, "Tue, 14 Nov 2023 22:13:20 +0000"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 +0000"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(rfc5322(seconds), expected);
        }
        assert_eq!(year(1_700_000_000), 2023);
        assert_eq!(day(1_700_000_000), "Tue Nov 14 2023");
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        for seconds in [0, 951_782_400, 1_700_000_000] {
            assert_eq!(parse_rfc5322(&rfc5322(seconds)), Some(seconds));
            assert_eq!(parse_day(&day(seconds)).map(day), Some(day(seconds)));
        }
        assert_eq!(parse_rfc5322("Tue, 14 Nov 2023 23:13:20 +0100"), Some(1_700_000_000));
        assert_eq!(parse_iso("2023-11-14"), Some(1_699_963_200));
        for text in ["", "yesterday", "Tue, 14 Nov 1913 22:13:20 +0000", "2023-13-01"] {
            assert_eq!((parse_rfc5322(text), parse_iso(text)), (None, None), "{text}");
        }
    }
}
