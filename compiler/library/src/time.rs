//! Time: the clock of the host, calendar times in ISO 8601 (UTC), and durations. Times are Unix seconds; days have 86400
//! seconds, as Unix counts them. No time zones but fixed offsets. Start with [`NATIVES`].

use crate::arguments::{at, string};
use crate::context::Context;
use crate::io::failed;
use crate::native::{Effect, Native};
use crate::operands::pure;
use ovsm_value::error::{raise, type_error};
use ovsm_value::number;
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, Object, Raised, Text, Value};
use std::rc::Rc;

const MODULE: &str = "std/time";
const NONE: (u8, Option<u8>) = (0, Some(0));
const ONE: (u8, Option<u8>) = (1, Some(1));
const DAY: i64 = 86_400;
/// The first second of the year 0 and the first after the year 9999.
const BOUNDS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;
const NANOSECONDS: i64 = 1_000_000_000;

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        effect: Effect::Time,
        ..pure(
            MODULE,
            "now",
            NONE,
            "() -> int",
            "The time in seconds since the start of 1970 (UTC).",
            &[("(> (now) 0)", "true")],
            |context, _| clock(context, "now", 1_000_000_000),
        )
    },
    Native {
        effect: Effect::Time,
        ..pure(
            MODULE,
            "now-ms",
            NONE,
            "() -> int",
            "The time in milliseconds since the start of 1970 (UTC).",
            &[("(> (now-ms) 0)", "true")],
            |context, _| clock(context, "now-ms", 1_000_000),
        )
    },
    Native {
        effect: Effect::Time,
        ..pure(
            MODULE,
            "now-ns",
            NONE,
            "() -> int",
            "The time in nanoseconds since the start of 1970 (UTC).",
            &[("(> (now-ns) 0)", "true")],
            |context, _| clock(context, "now-ns", 1),
        )
    },
    pure(
        MODULE,
        "format-time",
        ONE,
        "(seconds) -> string",
        "The ISO 8601 text (UTC) of a time in seconds since 1970; the fraction of a float in milliseconds. Times outside of the years 0 to 9999 are a `:value` error.",
        &[
            ("(format-time 0)", "\"1970-01-01T00:00:00Z\""),
            ("(format-time 1700000000.5)", "\"2023-11-14T22:13:20.500Z\""),
        ],
        |_, arguments| {
            let (seconds, milliseconds) = moment("format-time", at(arguments, 0))?;
            let date = Date::of(seconds.div_euclid(DAY));
            let rest = seconds.rem_euclid(DAY);
            let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
            let fraction =
                milliseconds.map_or_else(String::new, |milliseconds| format!(".{milliseconds:03}"));
            Ok(Value::string(format!(
                "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z",
                date.year, date.month, date.day
            )))
        },
    ),
    pure(
        MODULE,
        "parse-time",
        ONE,
        "(text) -> int",
        "The seconds since 1970 of an ISO 8601 text: a date, or a date and a time with an offset or `Z` (none means UTC). An int, or a float if there is a fraction. Other text is a `:parse` error.",
        &[
            ("(parse-time \"2023-11-14T22:13:20Z\")", "1700000000"),
            ("(parse-time \"1970-01-02\")", "86400"),
            ("(parse-time \"1970-01-01 01:00:00.5+01:00\")", "0.5"),
        ],
        |_, arguments| {
            let text = string("parse-time", arguments, 0)?.as_str();
            let wrong = || {
                raise(
                    ErrorKind::Parse,
                    format!(
                        "`parse-time`: {} is no ISO 8601 time such as `2023-11-14T22:13:20Z`",
                        brief(at(arguments, 0))
                    ),
                )
            };
            let (seconds, nanoseconds) = Scanner { rest: text }.time().ok_or_else(wrong)?;
            Ok(if nanoseconds == 0 {
                Value::Int(seconds)
            } else {
                Value::Float(seconds as f64 + nanoseconds as f64 / NANOSECONDS as f64)
            })
        },
    ),
    pure(
        MODULE,
        "time-parts",
        ONE,
        "(seconds) -> object",
        "The parts of a time in seconds since 1970 (UTC); weekday 1 is Monday, as in ISO 8601.",
        &[("(get (time-parts 0) :year)", "1970"), ("(:weekday (time-parts 0))", "4")],
        |_, arguments| {
            let (seconds, _) = moment("time-parts", at(arguments, 0))?;
            let days = seconds.div_euclid(DAY);
            let date = Date::of(days);
            let rest = seconds.rem_euclid(DAY);
            let start = Date { year: date.year, month: 1, day: 1 }.days();
            let parts = [
                ("year", date.year),
                ("month", date.month),
                ("day", date.day),
                ("hour", rest / 3600),
                ("minute", rest / 60 % 60),
                ("second", rest % 60),
                ("weekday", (days + 3).rem_euclid(7) + 1),
                ("day-of-year", days - start + 1),
            ];
            Ok(Value::object(
                parts
                    .into_iter()
                    .map(|(name, part)| (Rc::new(Text::new(name)), Value::Int(part)))
                    .collect::<Object>(),
            ))
        },
    ),
    pure(
        MODULE,
        "make-time",
        (3, Some(6)),
        "(year month day hour minute second) -> int",
        "The seconds since 1970 of a calendar time (UTC); the parts that are left out are 0. A time that does not exist is a `:value` error.",
        &[("(make-time 2023 11 14 22 13 20)", "1700000000"), ("(make-time 1970 1 2)", "86400")],
        |_, arguments| {
            let mut parts = [0; 6];
            for (part, value) in parts.iter_mut().zip(arguments.iter()) {
                *part = number::to_i64(value).ok_or_else(|| type_error("make-time", "integers", value))?;
            }
            let [year, month, day, hour, minute, second] = parts;
            let seconds = seconds_of(Date { year, month, day }, hour, minute, second);
            seconds.map(Value::Int).ok_or_else(|| {
                raise(
                    ErrorKind::Value,
                    "`make-time`: there is no such time: months are 1 to 12, hours 0 to 23, years 0 to 9999",
                )
            })
        },
    ),
    pure(
        MODULE,
        "format-duration",
        ONE,
        "(seconds) -> string",
        "A duration for people, in days, hours, minutes and seconds.",
        &[
            ("(format-duration 93784)", "\"1d 2h 3m 4s\""),
            ("(format-duration 0)", "\"0s\""),
            ("(format-duration 1.5)", "\"1.500s\""),
        ],
        |_, arguments| format_duration(at(arguments, 0)),
    ),
    pure(
        MODULE,
        "parse-duration",
        ONE,
        "(text) -> int",
        "The seconds of a duration such as `1d 2h 3m 4s` or `90m`: the units `w d h m s`, each at most once and the larger first. Other text is a `:parse` error.",
        &[("(parse-duration \"1h30m\")", "5400"), ("(parse-duration \"1d 2h 3m 4s\")", "93784")],
        |_, arguments| {
            let text = string("parse-duration", arguments, 0)?.as_str();
            let seconds = parse_duration(text);
            seconds.map(Value::Int).ok_or_else(|| {
                raise(
                    ErrorKind::Parse,
                    format!(
                        "`parse-duration`: {} is no duration such as `1d 2h 3m 4s`",
                        brief(at(arguments, 0))
                    ),
                )
            })
        },
    ),
];

fn clock(context: &mut dyn Context, operation: &str, unit: u128) -> Result<Value, Raised> {
    let nanoseconds = context.host().now().map_err(|error| failed(operation, error))?;
    Ok(Value::from_i128(i128::try_from(nanoseconds / unit).unwrap_or(i128::MAX)))
}

/// A time in whole seconds, and the milliseconds of a float.
fn moment(operation: &str, value: &Value) -> Result<(i64, Option<i64>), Raised> {
    let outside = || {
        raise(
            ErrorKind::Value,
            format!(
                "`{operation}`: {} seconds are outside of the years 0 to 9999 (are they milliseconds?)",
                brief(value)
            ),
        )
    };
    let found = match value {
        Value::Float(_) | Value::Decimal(_) => {
            let milliseconds = (number::to_float(value).unwrap_or(f64::NAN) * 1000.0).round();
            if !milliseconds.is_finite() || milliseconds.abs() > 1e17 {
                return Err(outside());
            }
            let milliseconds = milliseconds as i64;
            (milliseconds.div_euclid(1000), Some(milliseconds.rem_euclid(1000)))
        }
        value if value.is_integer() => (number::to_i64(value).ok_or_else(outside)?, None),
        other => return Err(type_error(operation, "a number of seconds", other)),
    };
    if BOUNDS.contains(&found.0) { Ok(found) } else { Err(outside()) }
}

/// A day of the Gregorian calendar.
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// The date of a number of days since 1970. Years are taken to start in March, so that the leap day is the last one.
    fn of(days: i64) -> Date {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date { year, month, day: day_of_year - (153 * shifted + 2) / 5 + 1 }
    }

    /// The number of days since 1970.
    fn days(&self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted = (self.month + 9) % 12;
        let day_of_year = (153 * shifted + 2) / 5 + self.day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }
}

/// The seconds since 1970, if there is such a time. A leap second counts as the second after it.
fn seconds_of(date: Date, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let is_near =
        (0..=9999).contains(&date.year) && (1..=12).contains(&date.month) && (1..=31).contains(&date.day);
    if !is_near || !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let days = date.days();
    // The 31st of April comes back as the first of May.
    let is_there = Date::of(days).day == date.day;
    is_there.then_some(days * DAY + hour * 3600 + minute * 60 + second)
}

/// The text that is not read yet.
struct Scanner<'a> {
    rest: &'a str,
}

impl Scanner<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let digits =
            self.rest.get(..count).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        self.rest = self.rest.get(count..)?;
        digits.parse().ok()
    }

    fn take(&mut self, wanted: &[char]) -> Option<char> {
        let first = self.rest.chars().next().filter(|c| wanted.contains(c))?;
        self.rest = self.rest.get(first.len_utf8()..)?;
        Some(first)
    }

    /// The whole text: seconds and nanoseconds.
    fn time(mut self) -> Option<(i64, i64)> {
        let year = self.digits(4)?;
        self.take(&['-'])?;
        let month = self.digits(2)?;
        self.take(&['-'])?;
        let date = Date { year, month, day: self.digits(2)? };
        if self.rest.is_empty() {
            return Some((seconds_of(date, 0, 0, 0)?, 0));
        }
        self.take(&['T', 't', ' '])?;
        let hour = self.digits(2)?;
        self.take(&[':'])?;
        let minute = self.digits(2)?;
        let second = if self.take(&[':']).is_some() { self.digits(2)? } else { 0 };
        let mut nanoseconds = 0;
        if self.take(&['.', ',']).is_some() {
            let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let read = length.min(9);
            nanoseconds = self.digits(read).filter(|_| read > 0)? * 10i64.pow(9 - read as u32);
            self.rest = self.rest.get(length - read..)?;
        }
        let offset = match self.take(&['Z', 'z', '+', '-']) {
            Some(sign @ ('+' | '-')) => {
                let hours = self.digits(2)?;
                self.take(&[':']);
                let minutes = if self.rest.is_empty() { 0 } else { self.digits(2)? };
                if hours > 23 || minutes > 59 {
                    return None;
                }
                (hours * 3600 + minutes * 60) * if sign == '+' { 1 } else { -1 }
            }
            _ => 0,
        };
        let seconds = seconds_of(date, hour, minute, second)?;
        self.rest.is_empty().then_some((seconds - offset, nanoseconds))
    }
}

fn format_duration(value: &Value) -> Result<Value, Raised> {
    let (is_negative, seconds, fraction) = match value {
        Value::Float(_) | Value::Decimal(_) => {
            let milliseconds = (number::to_float(value).unwrap_or(f64::NAN) * 1000.0).round();
            if !milliseconds.is_finite() || milliseconds.abs() > 1e17 {
                return Err(raise(
                    ErrorKind::Value,
                    format!("`format-duration`: {} seconds are too many", brief(value)),
                ));
            }
            let whole = milliseconds.abs() as u64;
            (milliseconds < 0.0, whole / 1000, format!(".{:03}", whole % 1000))
        }
        value if value.is_integer() => {
            let seconds = number::to_i64(value).ok_or_else(|| {
                raise(ErrorKind::Value, format!("`format-duration`: {} seconds are too many", brief(value)))
            })?;
            (seconds < 0, seconds.unsigned_abs(), String::new())
        }
        other => return Err(type_error("format-duration", "a number of seconds", other)),
    };
    let mut parts: Vec<String> =
        [(seconds / 86_400, 'd'), (seconds / 3600 % 24, 'h'), (seconds / 60 % 60, 'm')]
            .into_iter()
            .filter(|(amount, _)| *amount > 0)
            .map(|(amount, unit)| format!("{amount}{unit}"))
            .collect();
    if seconds % 60 > 0 || !fraction.is_empty() || parts.is_empty() {
        parts.push(format!("{}{fraction}s", seconds % 60));
    }
    Ok(Value::string(format!("{}{}", if is_negative { "-" } else { "" }, parts.join(" "))))
}

fn parse_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut units = [("w", 604_800), ("d", DAY), ("h", 3600), ("m", 60), ("s", 1i64)].into_iter();
    let mut total = 0i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let amount: i64 = rest.get(..length)?.parse().ok()?;
        rest = rest.get(length..)?;
        let (unit, seconds) = units.find(|(unit, _)| rest.starts_with(unit))?;
        rest = rest.get(unit.len()..)?.trim_start();
        total = total.checked_add(amount.checked_mul(seconds)?)?;
    }
    Some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::Date;
    use crate::testing::call;
    use ovsm_value::Value;
    use proptest::prelude::*;

    fn text(name: &str, text: &str) -> String {
        call(name, &[Value::string(text)])
    }

    #[test]
    fn borders_of_the_calendar() {
        assert_eq!(call("format-time", &[Value::Int(951_782_400)]), "\"2000-02-29T00:00:00Z\"");
        assert_eq!(call("format-time", &[Value::Int(-1)]), "\"1969-12-31T23:59:59Z\"");
        assert_eq!(call("format-time", &[Value::Float(-0.25)]), "\"1969-12-31T23:59:59.750Z\"");
        assert_eq!(call("format-time", &[Value::Int(i64::MAX)]), "error value");
        assert_eq!(call("format-time", &[Value::Float(f64::NAN)]), "error value");
        assert_eq!(call("format-time", &[Value::Null]), "error type");
        assert_eq!(text("parse-time", "0000-01-01T00:00:00Z"), "-62167219200");
        assert_eq!(text("parse-time", "9999-12-31T23:59:59Z"), "253402300799");
        assert_eq!(call("now", &[]), "error permission");
    }

    #[test]
    fn wrong_times_are_refused() {
        for wrong in [
            "",
            "2023",
            "2023-02-29",
            "1900-02-29",
            "2023-13-01",
            "2023-04-31",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:00:00Zx",
            "2023-01-01T00:00:00.",
            "2023-1-1",
            "λ",
            "2023-01-01T00:00+99:00",
            "+023-01-01",
        ] {
            assert_eq!(text("parse-time", wrong), "error parse", "{wrong}");
        }
        assert_eq!(text("parse-time", "2024-02-29T00:00-01:30"), "1709170200");
        assert_eq!(text("parse-time", "1970-01-01T00:00:00.1234567891Z"), "0.123456789");
        let year = |year: i64| call("make-time", &[Value::Int(year), Value::Int(2), Value::Int(29)]);
        assert_eq!(year(2000), "951782400");
        assert_eq!(year(1900), "error value");
        assert_eq!(year(i64::MAX), "error value");
    }

    #[test]
    fn durations() {
        assert_eq!(call("format-duration", &[Value::Int(i64::MIN)]), "\"-106751991167300d 15h 30m 8s\"");
        assert_eq!(call("format-duration", &[Value::Int(3600)]), "\"1h\"");
        assert_eq!(text("parse-duration", "-2w"), "-1209600");
        for wrong in
            ["", "-", "1", "1x", "1s 1h", "1h1h", "99999999999999999999s", "9223372036854775807w", "h"]
        {
            assert_eq!(text("parse-duration", wrong), "error parse", "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn dates_and_days_agree(days in -719_528i64..2_932_897) {
            let date = Date::of(days);
            prop_assert_eq!(date.days(), days);
            prop_assert!((1..=12).contains(&date.month) && (1..=31).contains(&date.day));
        }

        #[test]
        fn reading_undoes_writing(seconds in -62_167_219_200i64..253_402_300_800) {
            let written = call("format-time", &[Value::Int(seconds)]);
            prop_assert_eq!(text("parse-time", written.trim_matches('"')), seconds.to_string());
        }
    }
}
