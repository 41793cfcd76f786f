//! What a dry run says about each intent, what the hash of a plan covers, and what makes a plan stale.

use chrono::TimeDelta;
use serde_json::json;

use super::*;
use crate::{
    calendar::{Medium, MediumType},
    publishing::{
        Account, Configured, PublishFormat,
        rules::{Credentials, PublishAt, Situation, StoredAccount, choose},
    },
};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_769_414_400, 0).expect("a time")
}

fn entry(id: &str, channel: Channel) -> Entry {
    Entry {
        id: id.to_owned(),
        version: 1,
        channel: channel.to_string(),
        account_id: None,
        format: PublishFormat::Post,
        title: "T".to_owned(),
        caption: "C".to_owned(),
        hashtags: vec!["#t".to_owned()],
        media: vec![Medium { url: "https://cdn.example/a.jpg".to_owned(), kind: MediumType::Image, alt: None }],
        scheduled_at: now() + TimeDelta::hours(1),
        run_id: None,
        calendar_id: None,
    }
}

fn stored(channel: Channel, account_id: &str) -> StoredAccount {
    let account = Account {
        channel,
        account_id: account_id.to_owned(),
        external_id: "1789".to_owned(),
        login: None,
        settings: Options::default(),
    };
    StoredAccount { account, credentials: Credentials::Usable }
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

fn plan(entries: &[Entry], accounts: &[StoredAccount], request: &PublishRequest) -> Plan {
    plan_at(now(), entries, accounts, request)
}

fn plan_at(now: DateTime<Utc>, entries: &[Entry], accounts: &[StoredAccount], request: &PublishRequest) -> Plan {
    let configured = Configured::default();
    let situation = Situation { now, transport: Transport::Sandbox, configured: &configured, accounts, live: &[] };
    let choice = choose(entries, request, &situation).expect("a choice");
    Plan::new(&choice, request, Transport::Sandbox, &BaseUrls::default()).expect("a plan")
}

fn error_and_warnings(plan: &Plan) -> (Option<Code>, Vec<Code>) {
    let intent = &plan.intents[0];
    (intent.error.as_ref().map(|error| error.code), intent.warnings.iter().map(|warning| warning.code).collect())
}

#[test]
fn a_dry_run_tells_what_a_real_call_would_refuse() {
    let instagram = [entry("a", Channel::Instagram)];
    let one = [stored(Channel::Instagram, "ig")];
    let two = [stored(Channel::Instagram, "ig"), stored(Channel::Instagram, "other")];
    let expired = [StoredAccount { credentials: Credentials::Expired, ..stored(Channel::Instagram, "ig") }];
    for (accounts, account_id, error, warnings) in [
        (&one[..], Some("ig"), None, vec![Code::MediaUnchecked]),
        (&[], None, None, vec![Code::MediaUnchecked, Code::ChannelAuthMissing]),
        (&expired, Some("ig"), None, vec![Code::MediaUnchecked, Code::ChannelAuthMissing]),
        (&two, None, Some(Code::AccountAmbiguous), vec![]),
    ] {
        let plan = plan(&instagram, accounts, &request());
        assert_eq!(plan.intents[0].account_id.as_deref(), account_id);
        assert_eq!(error_and_warnings(&plan), (error, warnings));
        assert_eq!(plan.intents[0].requests.is_empty(), error.is_some());
    }
}

#[test]
fn a_missing_option_is_told_beside_another_error() {
    let photo = entry("a", Channel::Tiktok);
    let bare = Entry { media: Vec::new(), ..photo.clone() };
    let accounts = [stored(Channel::Tiktok, "tt")];
    let expected = (Some(Code::OptionRequired), vec![]);
    assert_eq!(error_and_warnings(&plan(&[photo], &accounts, &request())), expected);
    let expected = (Some(Code::MediaRequired), vec![Code::OptionRequired]);
    assert_eq!(error_and_warnings(&plan(&[bare], &accounts, &request())), expected);
}

#[test]
fn the_hash_names_transport_accounts_requests_and_options_only() {
    let entries = [entry("a", Channel::Instagram), entry("b", Channel::Linkedin)];
    let reversed = [entries[1].clone(), entries[0].clone()];
    let accounts = [stored(Channel::Instagram, "ig"), stored(Channel::Linkedin, "li")];
    let hash = plan(&entries, &accounts, &request()).plan_hash;
    assert_eq!(hash.len(), 64);

    let at_their_time = PublishRequest { publish_at: PublishAt::Entry, ..request() };
    let mut saved_again = entries.clone();
    saved_again[0].version = 2;
    for (what, same) in [
        ("the order of entries", plan(&reversed, &accounts, &request())),
        ("the time to publish", plan(&entries, &accounts, &at_their_time)),
        ("the present", plan_at(now() + TimeDelta::days(1), &entries, &accounts, &request())),
        ("a version", plan(&saved_again, &accounts, &request())),
    ] {
        assert_eq!(same.plan_hash, hash, "{what}");
    }

    let mut other_text = entries.clone();
    other_text[1].caption.push('!');
    let other_account = [stored(Channel::Instagram, "other"), accounts[1].clone()];
    let options = serde_json::from_value(json!({"linkedin": {"visibility": "CONNECTIONS"}})).expect("options");
    let other_options = PublishRequest { options, ..request() };
    let mut live = plan(&entries, &accounts, &request());
    live.plan_hash = plan_hash(Transport::Live, &live.intents).expect("a hash");
    for (what, other) in [
        ("a text", plan(&other_text, &accounts, &request())),
        ("an account", plan(&entries, &other_account, &request())),
        ("an option", plan(&entries, &accounts, &other_options)),
        ("an entry", plan(&entries[..1], &accounts, &request())),
        ("the transport", live),
    ] {
        assert_ne!(other.plan_hash, hash, "{what}");
    }
}

#[test]
fn a_stale_plan_is_refused_with_what_changed() {
    let accounts = [stored(Channel::Instagram, "ig")];
    let before = [entry("a", Channel::Instagram), entry("b", Channel::Instagram), entry("c", Channel::Instagram)];
    let approved = plan(&before, &accounts, &request());
    let mut after = [before[1].clone(), before[2].clone(), entry("d", Channel::Instagram)];
    after[0].caption.push('!');
    after[0].hashtags.push("#more".to_owned());
    after[1].version = 2;
    let current = plan(&after, &accounts, &request());

    let kinds: Vec<_> = changes(&approved.items(), &current.items())
        .into_iter()
        .map(|change| {
            let account = change.account_id.unwrap_or_default();
            format!("{} {account} {} {}", change.entry_id, change.kind, change.fields.join(" "))
        })
        .collect();
    assert_eq!(kinds, ["a ig removed ", "b ig changed caption hashtags", "c ig saved ", "d ig added "]);

    assert!(approved.check_approved(&approved.plan_hash, None).is_ok());
    for (known, places) in [(Some(approved.items()), 5), (None, 1)] {
        match current.check_approved(&approved.plan_hash, known.as_deref()) {
            Err(Refusal::Rules { code: Code::PlanStale, flaws, .. }) => assert_eq!(flaws.len(), places),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_worker_sends_what_was_approved_or_renders_again() {
    let basis = |version, external_account| Basis { version, external_account };
    for (present, is_approved, expected) in [
        (Some(basis(3, "111")), true, BeforeSending::Send),
        (Some(basis(3, "111")), false, BeforeSending::Send),
        (Some(basis(4, "111")), true, BeforeSending::Stale),
        (Some(basis(4, "111")), false, BeforeSending::RenderAgain),
        (Some(basis(3, "999")), true, BeforeSending::Stale),
        (Some(basis(3, "999")), false, BeforeSending::RenderAgain),
        (None, true, BeforeSending::Deleted),
        (None, false, BeforeSending::Deleted),
    ] {
        assert_eq!(before_sending(basis(3, "111"), present, is_approved), expected, "{present:?} {is_approved}");
    }
}

#[test]
fn an_operators_host_replaces_the_vendors() {
    let urls = BaseUrls::new([(Channel::Instagram, "http://127.0.0.1:4010/".to_owned())]);
    assert_eq!(urls.of(Channel::Instagram, Some(Login::Facebook)), "http://127.0.0.1:4010");
    assert_eq!(urls.of(Channel::Facebook, None), "https://graph.facebook.com");
}
