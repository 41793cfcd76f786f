//! Which entries go to which accounts, and every code that a request or an entry is refused by.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    platform::id::CalendarId,
    publishing::{Login, PublishFormat},
};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_769_414_400, 0).expect("a time")
}

fn entry(id: &str, channel: &str) -> Entry {
    Entry {
        id: id.to_owned(),
        version: 1,
        channel: channel.to_owned(),
        account_id: None,
        format: PublishFormat::Post,
        title: "T".to_owned(),
        caption: "C".to_owned(),
        hashtags: Vec::new(),
        media: Vec::new(),
        scheduled_at: now() + TimeDelta::hours(1),
        run_id: None,
        calendar_id: Some(CalendarId::fresh()),
    }
}

fn stored(channel: Channel, account_id: &str, credentials: Credentials) -> StoredAccount {
    let account = Account {
        channel,
        account_id: account_id.to_owned(),
        external_id: account_id.to_owned(),
        login: None,
        settings: Options::default(),
    };
    StoredAccount { account, credentials }
}

fn request() -> PublishRequest {
    PublishRequest {
        channels: BTreeSet::new(),
        accounts: BTreeMap::new(),
        publish_at: PublishAt::Now,
        repost: false,
        options: Options::default(),
    }
}

/// What the store knows, kept where a situation can refer to it.
#[derive(Default)]
struct Known {
    configured: Configured,
    accounts: Vec<StoredAccount>,
    live: Vec<LiveIntent>,
}

impl Known {
    fn of(accounts: Vec<StoredAccount>) -> Self {
        Self { configured: Configured::new(Channel::ALL.iter().copied()), accounts, live: Vec::new() }
    }

    fn with_intent(mut self, entry: &str, account_id: &str, status: IntentStatus) -> Self {
        let (entry_id, account_id) = (entry.to_owned(), account_id.to_owned());
        self.live.push(LiveIntent { entry_id, channel: Channel::Instagram, account_id, status });
        self
    }

    fn situation(&self) -> Situation<'_> {
        let Self { configured, accounts, live } = self;
        Situation { now: now(), transport: Transport::Live, configured, accounts, live }
    }
}

/// Targets as `entry channel account`, skipped entries as `entry CODE`.
fn chosen(entries: &[Entry], request: &PublishRequest, known: &Known) -> Vec<String> {
    let choice = choose(entries, request, &known.situation()).expect("a choice");
    let account = |target: &Target<'_>| match target.account {
        Chosen::Stored(stored) => stored.account.account_id.clone(),
        Chosen::NotStored => "not stored".to_owned(),
        Chosen::Ambiguous => "ambiguous".to_owned(),
    };
    let targets = choice.targets.iter().map(|it| format!("{} {} {}", it.entry.id, it.channel, account(it)));
    let skipped = choice.skipped.iter().map(|it| format!("{} {}", it.entry_id, it.code));
    targets.chain(skipped).collect()
}

/// The code, the channel and the places of a refusal.
fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (Code, Option<&'static str>, Vec<String>) {
    match result.expect_err("refused") {
        Refusal::Rule { code, field, .. } => (code, None, vec![field.to_owned()]),
        Refusal::Rules { code, channel, flaws } => {
            let place = |flaw: &FieldError| -> String {
                flaw.loc.iter().filter_map(|step| step.as_str()).collect::<Vec<_>>().join(" ")
            };
            (code, channel, flaws.iter().map(place).collect())
        }
        other => panic!("{other}"),
    }
}

fn both() -> Known {
    Known::of(vec![
        stored(Channel::Instagram, "ig", Credentials::Usable),
        stored(Channel::Tiktok, "tt", Credentials::Usable),
    ])
}

#[test]
fn each_entry_goes_to_its_own_channel_and_others_are_skipped() {
    let entries = [entry("a", "instagram"), entry("b", "tiktok"), entry("c", "blog"), entry("d", "newsletter")];
    let expected = ["a instagram ig", "b tiktok tt", "c CHANNEL_UNSUPPORTED", "d CHANNEL_UNSUPPORTED"];
    assert_eq!(chosen(&entries, &request(), &both()), expected);
}

#[test]
fn channels_leave_entries_out_without_a_word() {
    let entries = [entry("a", "instagram"), entry("b", "tiktok"), entry("c", "blog")];
    let only = |channel| PublishRequest { channels: BTreeSet::from([channel]), ..request() };
    assert_eq!(chosen(&entries, &only(Channel::Tiktok), &both()), ["b tiktok tt"]);
    let none = choose(&entries, &only(Channel::Youtube), &both().situation()).map(drop);
    assert_eq!(refused(none), (Code::NothingToPublish, None, vec!["channels".to_owned()]));
    let unsupported = choose(&entries[2..], &request(), &both().situation()).map(drop);
    assert_eq!(refused(unsupported).0, Code::NothingToPublish);
}

#[test]
fn the_account_is_the_entrys_own_the_named_or_the_only_one() {
    let two = Known::of(vec![
        stored(Channel::Instagram, "one", Credentials::Usable),
        stored(Channel::Instagram, "two", Credentials::Usable),
        stored(Channel::Tiktok, "tt", Credentials::Usable),
    ]);
    let placed = Entry { account_id: Some("two".to_owned()), ..entry("b", "instagram") };
    let entries = [entry("a", "instagram"), placed, entry("c", "tiktok"), entry("d", "youtube")];
    let named = |id: &str| PublishRequest { accounts: [(Channel::Instagram, id.to_owned())].into(), ..request() };
    let of = |first: &str| {
        [&*format!("a instagram {first}"), "b instagram two", "c tiktok tt", "d youtube not stored"].map(str::to_owned)
    };
    assert_eq!(chosen(&entries, &request(), &two), of("ambiguous"));
    assert_eq!(chosen(&entries, &named("one"), &two), of("one"));
    assert_eq!(chosen(&entries, &named("three"), &two), of("not stored"));
}

#[test]
fn what_is_published_or_on_its_way_is_not_published_twice() {
    use IntentStatus::{Deferred, NeedsReview, Pending, Published, Publishing, Unknown};
    let entries = [entry("a", "instagram"), entry("b", "instagram")];
    let repost = PublishRequest { repost: true, ..request() };
    for status in [Pending, Publishing, Published, Unknown, NeedsReview, Deferred] {
        let known = both().with_intent("a", "ig", status).with_intent("b", "other", status);
        let once = ["b instagram ig", "a ALREADY_PUBLISHED"];
        assert_eq!(chosen(&entries, &request(), &known), once, "{status}");
        let all = choose(&entries[..1], &request(), &known.situation()).map(drop);
        assert_eq!(refused(all), (Code::AlreadyPublished, None, vec!["entryIds a".to_owned()]), "{status}");
        let again: &[&str] = if status == Published { &["a instagram ig", "b instagram ig"] } else { &once };
        assert_eq!(chosen(&entries, &repost, &known), again, "{status}");
    }
}

#[test]
fn an_intent_on_another_channel_hinders_nothing() {
    let known = Known::of(vec![stored(Channel::Tiktok, "main", Credentials::Usable)]);
    let known = known.with_intent("a", "main", IntentStatus::Published);
    assert_eq!(chosen(&[entry("a", "tiktok")], &request(), &known), ["a tiktok main"]);
}

#[test]
fn times_that_have_passed_are_skipped_only_where_they_count() {
    let past = Entry { scheduled_at: now() - TimeDelta::seconds(1), ..entry("a", "instagram") };
    let due = Entry { scheduled_at: now(), ..entry("b", "instagram") };
    let entries = [past, due];
    let at = |publish_at| PublishRequest { publish_at, ..request() };
    let now_targets = ["a instagram ig", "b instagram ig"];
    assert_eq!(chosen(&entries, &request(), &both()), now_targets);
    assert_eq!(chosen(&entries, &at(PublishAt::At(now())), &both()), now_targets);
    assert_eq!(chosen(&entries, &at(PublishAt::Entry), &both()), ["b instagram ig", "a IN_THE_PAST"]);
    let none = choose(&entries[..1], &at(PublishAt::Entry), &both().situation()).map(drop);
    assert_eq!(refused(none), (Code::InThePast, None, vec!["entryIds a".to_owned()]));
    let instant = at(PublishAt::At(now() - TimeDelta::seconds(1)));
    let passed = choose(&entries, &instant, &both().situation()).map(drop);
    assert_eq!(refused(passed), (Code::InThePast, None, vec!["publishAt".to_owned()]));
}

#[test]
fn the_due_time_is_what_the_request_says() {
    let entries = [entry("a", "instagram")];
    let later = now() + TimeDelta::days(1);
    for (publish_at, expected) in
        [(PublishAt::Now, now()), (PublishAt::Entry, entries[0].scheduled_at), (PublishAt::At(later), later)]
    {
        let request = PublishRequest { publish_at, ..request() };
        let choice = choose(&entries, &request, &both().situation()).map(|choice| choice.targets[0].due_at);
        assert_eq!(choice.expect("a choice"), expected);
    }
}

fn real_call(entries: &[Entry], request: &PublishRequest, known: &Known) -> Result<(), Refusal> {
    let situation = known.situation();
    check_real_call(&choose(entries, request, &situation).expect("a choice"), request, &situation)
}

#[test]
fn a_real_call_needs_credentials_for_every_account() {
    let entries = [entry("a", "instagram"), entry("b", "linkedin"), entry("c", "facebook")];
    let known = |credentials| {
        Known::of(vec![
            stored(Channel::Instagram, "ig", Credentials::Usable),
            stored(Channel::Linkedin, "li", credentials),
        ])
    };
    for credentials in [Credentials::Missing, Credentials::Expired, Credentials::Unreadable] {
        let places = ["channels linkedin", "channels facebook"].map(str::to_owned).to_vec();
        let expected = (Code::ChannelAuthMissing, Some("linkedin"), places);
        assert_eq!(refused(real_call(&entries, &request(), &known(credentials))), expected, "{credentials:?}");
    }
    let usable = [Channel::Instagram, Channel::Linkedin].into();
    let rest = PublishRequest { channels: usable, ..request() };
    assert!(real_call(&entries, &rest, &known(Credentials::Usable)).is_ok());
}

#[test]
fn a_live_call_needs_the_channels_configuration() {
    let entries = [entry("a", "instagram")];
    let known = Known { configured: Configured::default(), ..both() };
    let expected = (Code::ChannelNotConfigured, Some("instagram"), vec!["channels instagram".to_owned()]);
    assert_eq!(refused(real_call(&entries, &request(), &known)), expected);
    let sandbox = Situation { transport: Transport::Sandbox, ..known.situation() };
    let choice = choose(&entries, &request(), &sandbox).expect("a choice");
    assert!(check_real_call(&choice, &request(), &sandbox).is_ok());
}

#[test]
fn an_account_needs_the_client_of_its_login() {
    let entries = [entry("a", "instagram")];
    for (login, client, is_accepted) in [
        (None, Channel::Instagram, true),
        (None, Channel::Facebook, false),
        (Some(Login::Instagram), Channel::Facebook, false),
        (Some(Login::Facebook), Channel::Facebook, true),
        (Some(Login::Facebook), Channel::Instagram, false),
    ] {
        let mut account = stored(Channel::Instagram, "shop", Credentials::Usable);
        account.account.login = login;
        let known = Known { configured: Configured::new([client]), accounts: vec![account], live: Vec::new() };
        let answer = real_call(&entries, &request(), &known);
        assert_eq!(answer.is_ok(), is_accepted, "{login:?} {client}");
    }
}

#[test]
fn a_real_call_needs_one_account_and_what_a_person_must_decide() {
    let mut known = both();
    known.accounts.push(stored(Channel::Instagram, "other", Credentials::Usable));
    let entries = [entry("a", "instagram"), entry("b", "tiktok")];
    let expected = (Code::AccountAmbiguous, Some("instagram"), vec!["accountIds instagram".to_owned()]);
    assert_eq!(refused(real_call(&entries, &request(), &known)), expected);

    let place = "entryIds b options.tiktok.privacyLevel".to_owned();
    assert_eq!(refused(real_call(&entries, &request(), &both())), (Code::OptionRequired, Some("tiktok"), vec![place]));

    let decided = serde_json::from_value(json!({"tiktok": {"privacyLevel": "SELF_ONLY"}})).expect("options");
    let mut by_settings = both();
    by_settings.accounts[1].account.settings = decided;
    assert!(real_call(&entries, &request(), &by_settings).is_ok());
    let by_request = PublishRequest { options: by_settings.accounts[1].account.settings.clone(), ..request() };
    assert!(real_call(&entries, &by_request, &both()).is_ok());
}

proptest! {
    #[test]
    fn every_entry_is_a_target_or_skipped_or_left_out(
        channels in prop::collection::vec("instagram|tiktok|linkedin|facebook|youtube|newsletter|x", 0..12),
        wanted in prop::collection::btree_set(prop::sample::select(Channel::ALL), 0..3),
        hours in prop::collection::vec(-2i64..3, 12),
    ) {
        let entries: Vec<_> = channels.iter().zip(&hours).enumerate().map(|(at, (channel, hours))| {
            Entry { scheduled_at: now() + TimeDelta::hours(*hours), ..entry(&at.to_string(), channel) }
        }).collect();
        let request = PublishRequest { channels: wanted.clone(), publish_at: PublishAt::Entry, ..request() };
        let known = both();
        if let Ok(choice) = choose(&entries, &request, &known.situation()) {
            prop_assert!(!choice.targets.is_empty());
            let left_out = entries.iter().filter(|entry| {
                !wanted.is_empty() && Channel::parse(&entry.channel).is_none_or(|channel| !wanted.contains(&channel))
            }).count();
            prop_assert_eq!(choice.targets.len() + choice.skipped.len() + left_out, entries.len());
            for target in choice.targets {
                prop_assert_eq!(target.channel.as_str(), &target.entry.channel);
                prop_assert!(target.due_at >= now());
            }
        }
    }
}
