//! What a request for a schedule may contain.
//! Called by the API's schedule routes before anything is stored.
//! Pure. Every problem is a broken rule (422) and names its field; one refusal lists them all.

use chrono::NaiveTime;
use chrono_tz::Tz;
use email_address::{EmailAddress, Options};

use super::Recurrence;
use crate::{
    platform::error::{Code, FieldError, Refusal},
    synthesis::Day,
    values::{json_reader::JsonPath, local_time},
};

/// Most addresses in a request, repeated ones included.
const EMAILS_MAX: usize = 3;
/// Longest address that SMTP carries (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const EMAIL_BYTES_MAX: usize = 254;
/// Longest catch-up window: a day.
const CATCH_UP_MINUTES_MAX: u32 = 1_440;
/// Problems after which no more are listed.
const PROBLEMS_MAX: usize = 20;

/// A schedule as it was sent.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `Schedule`")]
pub struct ScheduleBody {
    pub enabled: bool,
    pub days: Vec<String>,
    pub time_utc: String,
    pub timezone: Option<String>,
    pub time_local: Option<String>,
    pub emails: Vec<String>,
    pub catch_up_minutes: Option<i64>,
}

/// A schedule to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// A disabled schedule does not fire.
    pub enabled: bool,
    /// Each day once, in the order of the request. May be empty.
    pub days: Vec<Day>,
    /// Time of day in UTC. Has no effect if there is a local time.
    pub time_utc: NaiveTime,
    /// Takes precedence over `time_utc`.
    pub local: Option<LocalTime>,
    /// Recipients, each once, in the order of the request. May be empty.
    pub emails: Vec<String>,
    /// Minutes after the due time in which a fire may start. `None`: until the end of the local date.
    pub catch_up_minutes: Option<u32>,
}

/// A time of day in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "two fields, each by its name")]
pub struct LocalTime {
    pub zone: Tz,
    pub time: NaiveTime,
}

impl Schedule {
    /// Checks every field.
    ///
    /// # Errors
    /// `Rules` with every problem and the code of the first: `INVALID_DAY`, `INVALID_TIME`, `UNKNOWN_TIME_ZONE`,
    /// `LOCAL_TIME_INCOMPLETE`, `TOO_MANY_EMAILS`, `INVALID_EMAIL`, `INVALID_CATCH_UP`.
    pub fn parse(body: ScheduleBody) -> Result<Self, Refusal> {
        let mut problems = Problems::default();
        let days = days(&mut problems, &body.days);
        let time_utc = time(&mut problems, "time_utc", &body.time_utc);
        let local = local(&mut problems, body.timezone.as_deref(), body.time_local.as_deref());
        let emails = emails(&mut problems, &body.emails);
        let catch_up_minutes = body.catch_up_minutes.and_then(|minutes| catch_up(&mut problems, minutes));
        let enabled = body.enabled;
        problems.finish(time_utc.map(|time_utc| Self { enabled, days, time_utc, local, emails, catch_up_minutes }))
    }

    /// When it fires.
    pub fn recurrence(&self) -> Recurrence {
        let LocalTime { zone, time } = self.local.unwrap_or(LocalTime { zone: Tz::UTC, time: self.time_utc });
        Recurrence { days: self.days.clone(), time, zone }
    }
}

fn days(problems: &mut Problems, sent: &[String]) -> Vec<Day> {
    let mut days = Vec::new();
    for (at, day) in sent.iter().enumerate() {
        match day.parse::<Day>() {
            Ok(day) if days.contains(&day) => {}
            Ok(day) => days.push(day),
            Err(error) => problems.add(Code::InvalidDay, &[&"days", &at], format!("A day {error}.")),
        }
    }
    days
}

fn time(problems: &mut Problems, field: &'static str, text: &str) -> Option<NaiveTime> {
    let parsed = local_time::time(text);
    parsed.map_err(|error| problems.add(Code::InvalidTime, &[&field], format!("`{field}` {error}."))).ok()
}

fn local(problems: &mut Problems, timezone: Option<&str>, time_local: Option<&str>) -> Option<LocalTime> {
    let zone = timezone.and_then(|name| zone(problems, name));
    let time = time_local.and_then(|text| time(problems, "time_local", text));
    let missing = match (timezone, time_local) {
        (Some(_), None) => "time_local",
        (None, Some(_)) => "timezone",
        _ => return zone.zip(time).map(|(zone, time)| LocalTime { zone, time }),
    };
    let message = "`timezone` and `time_local` must be sent together.";
    problems.add(Code::LocalTimeIncomplete, &[&missing], message);
    None
}

fn zone(problems: &mut Problems, name: &str) -> Option<Tz> {
    let parsed = name.parse::<Tz>();
    parsed.map_err(|_| problems.add(Code::UnknownTimeZone, &[&"timezone"], "Unknown time zone.")).ok()
}

/// Two spellings that differ in case only are one recipient: mail servers ignore case in practice, and a recipient must
/// not get the same mail twice.
fn emails(problems: &mut Problems, sent: &[String]) -> Vec<String> {
    if sent.len() > EMAILS_MAX {
        let message = format!("A schedule has at most {EMAILS_MAX} e-mail addresses.");
        problems.add(Code::TooManyEmails, &[&"emails", &EMAILS_MAX], message);
    }
    let mut emails: Vec<String> = Vec::new();
    for (at, email) in sent.iter().map(|email| email.trim()).enumerate().take(EMAILS_MAX) {
        if !is_email(email) {
            problems.add(Code::InvalidEmail, &[&"emails", &at], "Not a valid e-mail address.");
        } else if !emails.iter().any(|known| known.eq_ignore_ascii_case(email)) {
            emails.push(email.to_owned());
        }
    }
    emails
}

/// Whether a text is an address that every mail server accepts. The crate's grammar is RFC 5322, which is wider: it has
/// quoted local parts, any character beyond ASCII, and punctuation in domains.
pub fn is_email(text: &str) -> bool {
    let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
    let is_plain = text.is_ascii() && text.len() <= EMAIL_BYTES_MAX && !text.starts_with('"');
    is_plain && EmailAddress::parse_with_options(text, options).is_ok_and(|email| is_host_name(email.domain()))
}

/// Whether the characters are those of host names, and the last label is not a number, as in an IP address. The crate
/// has checked the labels' lengths and ends.
fn is_host_name(domain: &str) -> bool {
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let has_host_characters = domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    has_host_characters && !domain.rsplit('.').next().is_some_and(is_number)
}

fn catch_up(problems: &mut Problems, minutes: i64) -> Option<u32> {
    let parsed = u32::try_from(minutes).ok().filter(|minutes| (1..=CATCH_UP_MINUTES_MAX).contains(minutes));
    if parsed.is_none() {
        let message = format!("`catch_up_minutes` must be from 1 to {CATCH_UP_MINUTES_MAX}.");
        problems.add(Code::InvalidCatchUp, &[&"catch_up_minutes"], message);
    }
    parsed
}

/// The broken rules found so far.
#[derive(Default)]
struct Problems {
    first: Option<Code>,
    flaws: Vec<FieldError>,
}

impl Problems {
    fn add(&mut self, code: Code, way: JsonPath<'_>, message: impl Into<String>) {
        self.first.get_or_insert(code);
        if self.flaws.len() < PROBLEMS_MAX {
            let loc = way.iter().map(|segment| segment.segment()).collect();
            // The answer has the first problem's code only, so each detail carries its own.
            self.flaws.push(FieldError { loc, kind: code.as_str(), message: message.into() });
        }
    }

    fn finish<T>(self, parsed: Option<T>) -> Result<T, Refusal> {
        match (self.first, parsed) {
            (Some(code), _) => Err(Refusal::Rules { code, channel: None, flaws: self.flaws }),
            (None, Some(parsed)) => Ok(parsed),
            (None, None) => Err(anyhow::anyhow!("a field is missing without a problem").into()),
        }
    }
}

#[cfg(test)]
mod tests;
