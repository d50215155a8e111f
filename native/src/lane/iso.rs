//! Event times as most records write them: `2013-01-01T05:15:00Z`, or with milli- or microseconds. Every other
//! form is left to Python.

fn number(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar (Hinnant, "chrono-compatible date algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whole numbers of microseconds beyond are none that a float holds.
const MOST_EXACT: i64 = 1 << 53;

/// Seconds since 1970 of a time in UTC.
pub fn seconds(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if bytes.len() < 19 || marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let part = |from: usize, to: usize| number(bytes.get(from..to)?);
    let (micros, end) =
        match (bytes.get(19), bytes.iter().skip(20).take_while(|one| one.is_ascii_digit()).count()) {
            (Some(b'.'), 3) => (part(20, 23)? * 1000, 23),
            (Some(b'.'), 6) => (part(20, 26)?, 26),
            _ => (0, 19),
        };
    if !matches!(bytes.get(10)?, b'T' | b' ') || !matches!(bytes.get(end..)?, b"" | b"Z" | b"+00:00") {
        return None;
    }
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let is_time =
        (1..=9999).contains(&year) && (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
    if !is_time || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    let whole = seconds * 1_000_000 + micros;
    (whole.abs() < MOST_EXACT).then_some(whole as f64 / 1e6)
}
