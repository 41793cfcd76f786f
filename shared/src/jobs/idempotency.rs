//! What makes two requests "the same": the fingerprint of a body under one idempotency key. The API
//! checks the key's shape and hands both to a service; `almanac.submit` compares them with what is stored. A body is never
//! kept: only its hash.

use serde_json::{Number, Value};

use crate::{
    platform::{
        db::{Database, Service, UserTx},
        error::Refusal,
        id::{JobId, UserId},
    },
    values::canonical_json,
};

/// Whole numbers up to this size are exact as doubles.
const LARGEST_EXACT: u128 = 1 << 53;

/// SHA-256 of a body's canonical form. Two spellings of one JSON value have one fingerprint: the order of keys, white
/// space, escapes and the spelling of a number play no part; of a repeated key the last counts.
///
/// # Errors
/// None that a parsed body can cause.
pub fn fingerprint(body: &Value) -> serde_json::Result<[u8; 32]> {
    canonical_json::sha256(&with_exact_numbers(body))
}

/// The body with each whole number beyond 2^53 as a text of its digits: RFC 8785 rounds them into each other, and two
/// requests that differ in one would be taken for the same. The NUL in front keeps them apart from every text that a body
/// can hold.
fn with_exact_numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => match exact_whole(number) {
            Some(whole) if whole.unsigned_abs() > LARGEST_EXACT => format!("\0{whole}").into(),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(with_exact_numbers).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), with_exact_numbers(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// The whole number that a number stands for exactly, if an integer could have spelled it: `1e19` is one, `1e30` is not.
fn exact_whole(number: &Number) -> Option<i128> {
    // 2^64: a float below it is exactly representable as i128, so the cast loses nothing.
    let of_float =
        |float: f64| (float.fract() == 0.0 && float.abs() < 18_446_744_073_709_551_616.0).then_some(float as i128);
    number.as_i128().or_else(|| number.as_f64().and_then(of_float))
}

/// Whether this person's key stands for a request of this route that was accepted.
///
/// # Errors
/// The store is unavailable.
pub async fn is_known(tx: &mut UserTx, route: &str, key: &str) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
               SELECT FROM almanac.idempotency_keys
                WHERE user_id = (SELECT almanac.uid()) AND route = $1 AND key = $2
                  AND expires_at > clock_timestamp()) AS "is_known!"
        "#,
        route,
        key
    );
    found.fetch_one(tx.connection()).await
}

/// A key, the fingerprint of the body it came with, and the method and `/v1` path that it came to.
#[derive(Clone, Debug)]
pub struct Key {
    /// E.g. `POST /v1/brands`.
    pub route: String,
    /// As it was sent.
    pub key: String,
    /// Of the body.
    pub fingerprint: [u8; 32],
}

/// A request that is answered in its own transaction, and once under its key: what it makes, its key and its answer are
/// committed together.
#[derive(Debug)]
pub struct Once {
    tx: UserTx,
    key: Option<Key>,
    known: Option<String>,
}

impl Once {
    /// Begins. A request under the same key that has not ended is waited for, as long as for any lock.
    ///
    /// # Errors
    /// The key was used with another body, its first request has not ended in time, or the store is unavailable.
    pub async fn begin(database: &Database, user: UserId, key: Option<Key>) -> Result<Self, Refusal> {
        let mut tx = database.as_user(user).await?;
        let Some(key) = key else { return Ok(Self { tx, key: None, known: None }) };
        hold(&mut tx, &key).await.map_err(in_progress)?;
        let known = stored(&mut tx, &key).await?;
        Ok(Self { tx, key: Some(key), known: known.map(|known| known.answer) })
    }

    /// The answer of an earlier request with this key. Nothing may be made then.
    pub fn known(&self) -> Option<&str> {
        self.known.as_deref()
    }

    /// Where the request does its work.
    pub const fn tx(&mut self) -> &mut UserTx {
        &mut self.tx
    }

    /// Whether an answer has to be given to `finish`.
    pub const fn is_keyed(&self) -> bool {
        self.key.is_some()
    }

    /// Keeps what was made and, under the key, the bare answer.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn finish(mut self, answer: &str) -> Result<(), Refusal> {
        if let Some(key) = &self.key {
            keep(&mut self.tx, key, answer).await?;
        }
        self.tx.commit().await?;
        Ok(())
    }
}

/// The lock of this person's key on this route, until the transaction ends.
async fn hold(tx: &mut UserTx, key: &Key) -> sqlx::Result<()> {
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(' ', almanac.uid(), $1::text, $2::text), 7312))"#,
        key.route,
        key.key
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(())
}

/// SQLSTATE of a lock that did not come in time: the first request of this key has not ended.
fn in_progress(error: sqlx::Error) -> Refusal {
    let code = error.as_database_error().and_then(|database| database.code()).unwrap_or_default();
    if code == "55P03" { Refusal::KeyInProgress } else { error.into() }
}

/// What an earlier request with a key was answered.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// Its job, if it made one.
    pub job: Option<JobId>,
    /// The bare answer.
    pub answer: String,
}

/// What is stored under a key.
///
/// # Errors
/// It is stored with another fingerprint, or the store is unavailable.
pub(crate) async fn stored(tx: &mut UserTx, key: &Key) -> Result<Option<Stored>, Refusal> {
    let found = sqlx::query!(
        r#"
        SELECT fingerprint, job_id AS "job: JobId", answer
          FROM almanac.idempotency_keys
         WHERE user_id = (SELECT almanac.uid()) AND route = $1 AND key = $2 AND expires_at > clock_timestamp()
        "#,
        key.route,
        key.key
    )
    .fetch_optional(tx.connection())
    .await?;
    match found {
        Some(found) if found.fingerprint != key.fingerprint => Err(Refusal::KeyReused),
        found => Ok(found.map(|found| Stored { job: found.job, answer: found.answer })),
    }
}

/// Stores an answer under a key, unless an earlier request has stored one.
pub(crate) async fn keep_first(tx: &mut UserTx, key: &Key, answer: &str) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO almanac.idempotency_keys AS k (user_id, route, key, fingerprint, answer, expires_at)
        VALUES ((SELECT almanac.uid()), $1, $2, $3, $4, clock_timestamp() + interval '24 hours')
        ON CONFLICT (user_id, route, key) DO UPDATE SET
            fingerprint = excluded.fingerprint,
            answer = excluded.answer,
            expires_at = excluded.expires_at
         WHERE k.expires_at <= clock_timestamp()
        "#,
        key.route,
        key.key,
        &key.fingerprint,
        answer
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Stores an answer under a key; one that has expired is overwritten.
async fn keep(tx: &mut UserTx, key: &Key, answer: &str) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO almanac.idempotency_keys (user_id, route, key, fingerprint, answer, expires_at)
        VALUES ((SELECT almanac.uid()), $1, $2, $3, $4, clock_timestamp() + interval '24 hours')
        ON CONFLICT (user_id, route, key) DO UPDATE SET
            fingerprint = excluded.fingerprint,
            answer = excluded.answer,
            expires_at = excluded.expires_at
        "#,
        key.route,
        key.key,
        &key.fingerprint,
        answer
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Removes one batch of expired keys; returns the number of keys, 0 if none is left.
///
/// # Errors
/// The store is unavailable.
pub async fn prune(service: &Service) -> sqlx::Result<i64> {
    let keys = sqlx::query_scalar!(r#"SELECT almanac.prune_idempotency_keys(1000) AS "keys!""#);
    keys.fetch_one(service.work()).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn canonical_json(body: &Value) -> String {
        canonical_json::to_string(&with_exact_numbers(body)).unwrap()
    }

    fn fingerprint_of(text: &str) -> [u8; 32] {
        fingerprint(&serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn spellings_of_one_value_have_one_fingerprint() {
        for (one, other) in [
            (r#"{"a":1,"b":2}"#, r#" { "b" : 2 , "a" : 1 } "#),
            (r#"{"n":1}"#, r#"{"n":1.0}"#),
            (r#"{"n":1e2}"#, r#"{"n":100}"#),
            (r#"{"n":0}"#, r#"{"n":-0.0}"#),
            (r#"{"n":1.50}"#, r#"{"n":15e-1}"#),
            (r#""\u00e9\/\n""#, "\"é/\\u000A\""),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"é":1,"z":[{"y":1,"x":2}]}"#, r#"{"z":[{"x":2,"y":1}],"\u00e9":1}"#),
        ] {
            assert_eq!(fingerprint_of(one), fingerprint_of(other), "{one} and {other}");
        }
    }

    #[test]
    fn different_values_have_different_fingerprints() {
        let values = [
            "null",
            "0",
            "\"0\"",
            "false",
            "[]",
            "{}",
            "\"\"",
            "[[]]",
            "[null]",
            "1",
            "-1",
            "1.5",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "[1,2]",
            "[2,1]",
            "[12]",
            "\"1,2\"",
            r#"{"a":1}"#,
            r#"{"a":"1"}"#,
            r#"{"a":null}"#,
            r#"{"A":1}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":[{"b":1}]}"#,
            "\"é\"",
            "\"e\u{301}\"",
        ];
        let distinct: std::collections::BTreeSet<_> = values.iter().map(|text| fingerprint_of(text)).collect();
        assert_eq!(distinct.len(), values.len());
    }

    #[test]
    fn the_canonical_form_is_json_with_sorted_keys_and_plain_numbers() {
        let body = json!({"b": [1.0, -2, 2.5, 1e21], "a": {"é": "\u{1}\"/", "d": null}, "A": true});
        assert_eq!(canonical_json(&body), r#"{"A":true,"a":{"d":null,"é":"\u0001\"/"},"b":[1,-2,2.5,1e+21]}"#);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The value with the members of every object written backwards and white space all over.
    fn respelled(value: &Value) -> String {
        match value {
            Value::Array(items) => {
                format!("[ {} ]", items.iter().map(respelled).collect::<Vec<_>>().join(" ,\t"))
            }
            Value::Object(members) => {
                let members: Vec<_> = members
                    .iter()
                    .rev()
                    .map(|(name, value)| format!("{} : {}", json!(name), respelled(value)))
                    .collect();
                format!("{{\n{}\r\n}}", members.join(" , "))
            }
            scalar => scalar.to_string(),
        }
    }

    proptest! {
        #[test]
        fn key_order_and_white_space_never_matter(value in any_json()) {
            prop_assert_eq!(fingerprint(&value).unwrap(), fingerprint_of(&respelled(&value)));
        }

        #[test]
        fn the_canonical_form_is_its_own_canonical_form(value in any_json()) {
            let once = canonical_json(&value);
            prop_assert_eq!(canonical_json(&serde_json::from_str(&once).unwrap()), once);
        }

        #[test]
        fn a_whole_number_is_one_number_in_either_spelling(n in -(1i64 << 53)..=(1i64 << 53)) {
            prop_assert_eq!(canonical_json(&json!(n)), canonical_json(&json!(n as f64)));
            prop_assert_eq!(canonical_json(&json!(n)), n.to_string());
        }

        #[test]
        fn values_that_differ_have_different_fingerprints(one in any_json(), other in any_json()) {
            // Equal up to numbers such as 1 and 1.0, which are one value here and two for serde.
            prop_assume!(canonical_json(&one) != canonical_json(&other));
            prop_assert_ne!(&one, &other);
            prop_assert_ne!(fingerprint(&one).unwrap(), fingerprint(&other).unwrap());
        }

        #[test]
        fn a_changed_string_changes_the_fingerprint(one in ".{0,12}", other in ".{0,12}") {
            let fingerprint = |text: &str| fingerprint(&json!({"text": text})).unwrap();
            prop_assert_eq!(one == other, fingerprint(&one) == fingerprint(&other));
        }
    }
}
