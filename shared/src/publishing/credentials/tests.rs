//! Sealed tokens: what opens them and what does not.

use proptest::prelude::*;

use super::*;

const ACCOUNT: &str = "acct_1";

/// Tokens as the first version sealed them.
const SEALED: &str = concat!(
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX0zXK5pl5KNYH/aMmiM/OzzyzS2Q5g1galnOVrbi+8fFxW/wE1658kTuT",
    "URtFyYOU0wMkp+EeIqcq6+TqeaQC+7Wo1zYr2BYv",
);

fn keyring(keys: &[u8]) -> Keyring {
    let keys: Vec<_> = keys.iter().map(|byte| STANDARD.encode([*byte; 32])).collect();
    Keyring::parse(&keys.join(", ").into()).unwrap()
}

fn user(number: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(number))
}

fn account(user_number: u128, channel: Channel, account_id: &str) -> AccountRef<'_> {
    AccountRef { user: user(user_number), channel, account_id }
}

fn tokens(access: &str, refresh: Option<&str>) -> Tokens {
    Tokens { access: access.into(), refresh: refresh.map(Into::into) }
}

fn shown(tokens: &Tokens) -> (&str, Option<&str>) {
    (tokens.access.expose_secret(), tokens.refresh.as_ref().map(ExposeSecret::expose_secret))
}

#[test]
fn tokens_are_opened_for_their_own_account_only() {
    let keyring = keyring(&[1]);
    let own = account(1, Channel::Linkedin, ACCOUNT);
    let sealed = keyring.seal(&tokens("canary-access", Some("canary-refresh")), &own).unwrap();
    let open = |account| keyring.open(&sealed.key_id, &sealed.bytes, &account).map(|tokens| tokens.refresh.is_some());

    assert_eq!(open(own), Ok(true));
    for other in [
        account(2, Channel::Linkedin, ACCOUNT),
        account(1, Channel::Facebook, ACCOUNT),
        account(1, Channel::Linkedin, "acct_2"),
        account(1, Channel::Linkedin, ""),
    ] {
        assert_eq!(open(other), Err(OpenError::Damaged), "{other:?}");
    }
    let text = String::from_utf8_lossy(&sealed.bytes);
    assert!(!text.contains("canary") && !format!("{sealed:?}{keyring:?}").contains("canary"));
}

#[test]
fn the_first_key_seals_and_all_keys_open() {
    let own = account(1, Channel::Facebook, ACCOUNT);
    let old = keyring(&[1]);
    let sealed = old.seal(&tokens("a", None), &own).unwrap();
    let (both, new) = (keyring(&[2, 1]), keyring(&[2]));

    let opened = both.open(&sealed.key_id, &sealed.bytes, &own).unwrap();
    let again = both.seal(&opened, &own).unwrap();

    assert_eq!((shown(&opened), again.key_id.as_str()), (("a", None), new.key_id()));
    assert!(new.open(&again.key_id, &again.bytes, &own).is_ok());
    assert_eq!(new.open(&sealed.key_id, &sealed.bytes, &own).err(), Some(OpenError::UnknownKey));
    assert_eq!(old.open(&again.key_id, &again.bytes, &own).err(), Some(OpenError::UnknownKey));
    assert_eq!(both.key_ids(), [new.key_id(), old.key_id()]);
}

#[test]
fn the_id_of_a_key_is_stable_and_not_its_plain_hash() {
    let key = [7; 32];
    let id = keyring(&[7]).key_id().to_owned();

    assert_eq!(id, "0c64344b", "stored tokens name their key by it");
    assert!(!format!("{:x}", Sha256::digest(key)).starts_with(&id));
}

#[test]
fn a_text_that_is_no_list_of_keys_is_refused_without_showing_it() {
    let good = STANDARD.encode([1; 32]);
    for bad in ["", ",", "canary", "Y2FuYXJ5", &format!("{good},"), &format!("{good},canary"), &good[1..]] {
        let error = Keyring::parse(&bad.into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{bad}");
    }
    assert!(Keyring::parse(&format!(" {good} ,{good}").into()).is_ok());
}

#[test]
fn tokens_that_an_earlier_version_sealed_are_opened() {
    let sealed = STANDARD.decode(SEALED).unwrap();
    let opened = keyring(&[7]).open("0c64344b", &sealed, &account(1, Channel::Linkedin, "é 1")).unwrap();

    assert_eq!(shown(&opened), ("an-access-token", Some("a-refresh-token")));
}

#[test]
fn two_seals_of_the_same_tokens_differ() {
    let (keyring, own) = (keyring(&[1]), account(1, Channel::Facebook, ACCOUNT));
    let seal = || keyring.seal(&tokens("a", None), &own).unwrap().bytes;

    assert_ne!(seal(), seal());
}

#[test]
fn what_is_authenticated_is_unambiguous() {
    let one = associated_data(&account(1, Channel::Tiktok, "a"));
    let other = associated_data(&account(1, Channel::Youtube, "a"));
    assert_ne!(one, other);
    assert_eq!(one.len(), 4 * 8 + b"almanac tokens 1".len() + 16 + "tiktok".len() + 1);
}

fn any_channel() -> impl Strategy<Value = Channel> {
    proptest::sample::select(Channel::ALL)
}

proptest! {
    #[test]
    fn any_tokens_come_back_as_they_were(
        access in "\\PC{0,300}",
        refresh in proptest::option::of("\\PC{0,300}"),
        channel in any_channel(),
        account_id in "\\PC{1,20}",
    ) {
        let (keyring, own) = (keyring(&[1]), account(1, channel, &account_id));
        let sealed = keyring.seal(&tokens(&access, refresh.as_deref()), &own).unwrap();
        let opened = keyring.open(&sealed.key_id, &sealed.bytes, &own).unwrap();
        prop_assert_eq!(shown(&opened), (access.as_str(), refresh.as_deref()));
    }

    #[test]
    fn one_changed_bit_or_a_missing_end_closes_them(
        access in "[ -~]{1,60}",
        at: proptest::sample::Index,
        bit in 0_u8..8,
    ) {
        let (keyring, own) = (keyring(&[1]), account(1, Channel::Linkedin, ACCOUNT));
        let sealed = keyring.seal(&tokens(&access, None), &own).unwrap();
        let mut changed = sealed.bytes.clone();
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        for bytes in [&changed[..], &sealed.bytes[..at]] {
            prop_assert_eq!(keyring.open(&sealed.key_id, bytes, &own).err(), Some(OpenError::Damaged));
        }
    }

    #[test]
    fn two_accounts_never_authenticate_the_same_bytes(
        one in (0_u128..3, any_channel(), "[a-c]{1,3}"),
        other in (0_u128..3, any_channel(), "[a-c]{1,3}"),
    ) {
        let data = |(number, channel, id): &(u128, Channel, String)| associated_data(&account(*number, *channel, id));
        prop_assert_eq!(data(&one) == data(&other), one == other);
    }
}
