//! The chain of receipts: its lines, and that a change, a gap and an exchange are found wherever they are.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::publishing::Channel;

fn content(intent: usize) -> ReceiptContent {
    let at = DateTime::from_timestamp(1_769_414_400, 0).expect("a time");
    let published = IntentStatus::Published;
    ReceiptContent {
        intent_id: format!("intent-{intent}"),
        payload_hash: "ab".repeat(32),
        plan_hash: intent.is_multiple_of(2).then(|| "cd".repeat(32)),
        transport: Transport::Sandbox,
        approved_by: "anna".to_owned(),
        account: ReceiptAccount {
            channel: Channel::Tiktok,
            account_id: "main".to_owned(),
            external_id: "é \u{1f}".to_owned(),
        },
        outcome: published,
        external_id: Some("7412345678901234567".to_owned()),
        external_url: None,
        events: vec![
            ReceiptEvent { at, from: IntentStatus::Pending, to: IntentStatus::Publishing, proof: None },
            ReceiptEvent { at, from: IntentStatus::Publishing, to: published, proof: Some(json!({"status": 200})) },
        ],
    }
}

/// An export's lines.
fn lines(count: usize) -> Vec<String> {
    let mut head = Head::default();
    let mut lines = Vec::new();
    for intent in 0..count {
        let receipt = Receipt::after(&head, content(intent)).expect("a receipt");
        lines.push(receipt.line().expect("a line"));
        head = receipt.head();
    }
    lines.push(head.line().expect("a line"));
    lines
}

fn export(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"]).flatten().copied().collect()
}

#[test]
fn an_empty_export_is_one_line() {
    assert_eq!(lines(0), [r#"{"count":0,"head":null}"#]);
    assert_eq!(verify(&export(&lines(0)), None), Ok(Head::default()));
}

#[test]
fn an_export_has_a_line_for_each_receipt_and_one_for_the_end() {
    let lines = lines(2);
    let first: Receipt = serde_json::from_str(&lines[0]).expect("a receipt");
    let second: Receipt = serde_json::from_str(&lines[1]).expect("a receipt");

    assert_eq!((first.seq, &first.previous), (1, &None));
    assert_eq!((second.seq, second.previous.as_ref()), (2, Some(&first.hash)));
    assert_eq!(first.hash.len(), 64);
    assert_eq!(lines[2], format!(r#"{{"count":2,"head":"{}"}}"#, second.hash));
    assert_eq!(verify(&export(&lines), Some(&second.hash)), Ok(second.head()));
}

/// The hash can be computed by others from the line alone: without `hash`, as canonical JSON.
#[test]
fn the_hash_is_of_the_line_without_it() {
    let line = &lines(1)[0];
    let receipt: Receipt = serde_json::from_str(line).expect("a receipt");
    let without = line.replace(&format!(r#""hash":"{}","#, receipt.hash), "");
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&without);
    assert_eq!(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), receipt.hash);
}

#[test]
fn a_break_names_its_line() {
    let whole = lines(3);
    let changed = |at: usize, from: &str, to: &str| {
        let mut lines = whole.clone();
        lines[at] = lines[at].replacen(from, to, 1);
        lines
    };
    let without = |at: usize| {
        let mut lines = whole.clone();
        lines.remove(at);
        lines
    };
    for (lines, expected) in [
        (changed(1, "anna", "otto"), Break::Changed { line: 2 }),
        (changed(0, r"\u001f", r"\u001F"), Break::Changed { line: 1 }),
        (changed(2, ",", ", "), Break::Changed { line: 3 }),
        (without(0), Break::OutOfOrder { line: 1, expected: 1, found: 2 }),
        (without(2), Break::OtherEnd { expected: 3, found: 2 }),
        (without(3), Break::NoEnd),
        (changed(3, r#""count":3"#, r#""count":4"#), Break::OtherEnd { expected: 4, found: 3 }),
        (vec![], Break::Changed { line: 1 }),
        (vec![r#"{"count":0,"heap":null}"#.to_owned()], Break::Changed { line: 1 }),
    ] {
        assert_eq!(verify(&export(&lines), None), Err(expected));
    }
}

#[test]
fn a_receipt_that_was_replaced_with_its_hash_breaks_the_next_one() {
    let mut lines = lines(3);
    let forged = Receipt::after(&Head::default(), ReceiptContent { approved_by: "otto".to_owned(), ..content(0) });
    lines[0] = forged.and_then(|receipt| receipt.line()).expect("a line");
    assert_eq!(verify(&export(&lines), None), Err(Break::NotChained { line: 2 }));
}

#[test]
fn only_a_known_head_shows_that_the_newest_are_gone() {
    let (long, short) = (lines(3), export(&lines(2)));
    let newest: Receipt = serde_json::from_str(&long[2]).expect("a receipt");
    assert!(verify(&short, None).is_ok());
    assert_eq!(verify(&short, Some(&newest.hash)), Err(Break::OtherHead));
    assert_eq!(verify(&export(&lines(0)), Some(&newest.hash)), Err(Break::OtherHead));
}

proptest! {
    #[test]
    fn a_changed_byte_is_found(count in 0usize..4, at in any::<prop::sample::Index>(), change in 1u8..) {
        let mut export = export(&lines(count));
        // The very last line break may be missing; what is in its place may not be anything else.
        let at = at.index(export.len());
        export[at] ^= change;
        prop_assert!(verify(&export, None).is_err(), "byte {at}");
    }

    #[test]
    fn a_byte_too_many_is_found(count in 0usize..4, at in any::<prop::sample::Index>(), byte: u8) {
        let whole = export(&lines(count));
        let mut export = whole.clone();
        export.insert(at.index(whole.len() + 1), byte);
        prop_assert!(verify(&export, None).is_err());
    }

    #[test]
    fn a_byte_too_few_is_found(count in 0usize..4, at in any::<prop::sample::Index>()) {
        let mut export = export(&lines(count));
        // The line break at the very end may be missing.
        export.remove(at.index(export.len() - 1));
        prop_assert!(verify(&export, None).is_err());
    }

    #[test]
    fn an_export_that_was_cut_off_is_found(count in 0usize..4, at in any::<prop::sample::Index>()) {
        let export = export(&lines(count));
        prop_assert!(verify(&export[..at.index(export.len() - 1)], None).is_err());
    }

    #[test]
    fn a_missing_receipt_is_found_also_if_the_last_line_counts_the_rest(
        count in 2usize..5,
        at in any::<prop::sample::Index>(),
    ) {
        let mut lines = lines(count);
        // The newest one is only missed by its head.
        lines.remove(at.index(count - 1));
        let newest: Receipt = serde_json::from_str(&lines[count - 2]).expect("a receipt");
        let end = Head { count: newest.seq - 1, head: Some(newest.hash) };
        lines[count - 1] = end.line().expect("a line");
        prop_assert!(verify(&export(&lines), None).is_err());
    }

    #[test]
    fn receipts_of_which_the_newest_are_gone_end_at_another_head(
        count in 1usize..5,
        kept in any::<prop::sample::Index>(),
    ) {
        let (whole, short) = (lines(count), export(&lines(kept.index(count))));
        let newest: Receipt = serde_json::from_str(&whole[count - 1]).expect("a receipt");
        prop_assert_eq!(verify(&short, Some(&newest.hash)), Err(Break::OtherHead));
    }

    #[test]
    fn a_missing_line_is_found(count in 0usize..5, at in any::<prop::sample::Index>()) {
        let mut lines = lines(count);
        lines.remove(at.index(lines.len()));
        prop_assert!(verify(&export(&lines), None).is_err());
    }

    #[test]
    fn two_lines_that_changed_places_are_found(
        count in 1usize..5,
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let mut lines = lines(count);
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));
        prop_assume!(one != other);
        lines.swap(one, other);
        prop_assert!(verify(&export(&lines), None).is_err());
    }

    #[test]
    fn a_line_that_stands_twice_is_found(count in 0usize..4, at in any::<prop::sample::Index>()) {
        let mut lines = lines(count);
        let at = at.index(lines.len());
        lines.insert(at, lines[at].clone());
        prop_assert!(verify(&export(&lines), None).is_err());
    }
}
