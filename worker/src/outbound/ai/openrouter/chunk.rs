//! One chunk of a completion stream, read as tolerantly as servers differ.
//! Called by the adapter for every event; a whole non-streamed completion reads as one chunk too.
//! What it does not need it does not look at, so a new field never breaks it.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// What one chunk may bring.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    pub(super) usage: Option<Usage>,
    #[serde(default)]
    error: Option<Value>,
    /// vLLM's older form: the chunk itself is the error, with `"object": "error"`.
    #[serde(default)]
    object: Option<String>,
    #[serde(default)]
    message: Option<Value>,
    #[serde(default)]
    code: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Choice {
    #[serde(default, alias = "message")]
    delta: Option<Delta>,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

/// Tokens and cost; several servers repeat it, the last one counts.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    prompt_tokens: Option<Value>,
    #[serde(default)]
    completion_tokens: Option<Value>,
    #[serde(default)]
    cost: Option<Box<RawValue>>,
}

impl Chunk {
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        serde_json::from_slice(data).ok()
    }

    /// We ask for one choice; a server that sends more is read by its first.
    fn choice(&self) -> Option<&Choice> {
        self.choices.as_ref()?.first()
    }

    pub(super) fn content(&self) -> &str {
        self.choice().and_then(|choice| choice.delta.as_ref()?.content.as_deref()).unwrap_or_default()
    }

    pub(super) fn finish_reason(&self) -> Option<&str> {
        self.choice()?.finish_reason.as_deref()
    }

    /// The model declined in the words of structured output.
    pub(super) fn is_refusal(&self) -> bool {
        let refusal = self.choice().and_then(|choice| choice.delta.as_ref()?.refusal.as_deref());
        refusal.is_some_and(|refusal| !refusal.is_empty())
    }

    /// The error in it, wherever the server puts errors.
    pub(super) fn error(&self) -> Option<Value> {
        let own = (self.object.as_deref() == Some("error"))
            .then(|| serde_json::json!({ "message": self.message, "code": self.code }));
        let placed = self.error.clone().or_else(|| self.choice()?.error.clone());
        placed.filter(|error| !error.is_null()).or(own)
    }
}

impl Usage {
    /// Tokens of the prompt. A count that is none must not cost the answer, so it is read like one that is missing.
    pub(super) fn tokens_input(&self) -> Option<u32> {
        count(self.prompt_tokens.as_ref()?)
    }

    /// Tokens of the answer.
    pub(super) fn tokens_output(&self) -> Option<u32> {
        count(self.completion_tokens.as_ref()?)
    }

    /// The cost in the digits the provider wrote, so that no binary fraction comes between. Text that is no amount, or
    /// one the ledger's column could not hold, is no cost.
    pub(super) fn cost_usd(&self) -> Option<String> {
        let digits = self.cost.as_ref()?.get().trim_matches('"');
        let amount: f64 = digits.parse().ok()?;
        let plain =
            digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
        (plain && (0.0..1_000_000.0).contains(&amount)).then(|| digits.to_owned())
    }
}

/// Most tokens that one call is believed to have used. The sum over all calls of a job must fit in Postgres's `int`: a
/// nonsense count must never fail the write of a whole answer.
const MAX_COUNT: u32 = 100_000_000;

/// A number of tokens.
fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count <= MAX_COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_different_servers_are_read() {
        let table = [
            (
                r#"{"id":"a","choices":[{"index":0,"delta":{"role":"assistant","content":"he"},"finish_reason":null}]}"#,
                "he",
                None,
            ),
            (r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null,"obfuscation":"xx"}"#, "", Some("stop")),
            (r#"{"choices":[{"delta":{"content":null},"finish_reason":"length"}]}"#, "", Some("length")),
            (r#"{"choices":[],"usage":{"prompt_tokens":1}}"#, "", None),
            (r#"{"usage":{"prompt_tokens":1,"completion_tokens":2},"timings":{}}"#, "", None),
            (r#"{"choices":[{"message":{"content":"all"},"finish_reason":"stop"}]}"#, "all", Some("stop")),
        ];

        for (data, content, finish_reason) in table {
            let chunk = Chunk::read(data.as_bytes()).unwrap();
            assert_eq!((chunk.content(), chunk.finish_reason()), (content, finish_reason), "{data}");
            assert_eq!(chunk.error(), None, "{data}");
        }
    }

    #[test]
    fn an_error_is_seen_wherever_it_stands() {
        let table = [
            r#"{"error":{"code":502,"message":"gone"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
            r#"{"choices":[{"error":{"code":"server_error"},"finish_reason":"error"}]}"#,
            r#"{"object":"error","message":"bad","code":400}"#,
            r#"{"error":"overloaded"}"#,
        ];

        for data in table {
            assert!(Chunk::read(data.as_bytes()).unwrap().error().is_some(), "{data}");
        }
    }

    #[test]
    fn a_count_that_is_no_count_does_not_cost_the_chunk() {
        let data =
            r#"{"usage":{"prompt_tokens":-1,"completion_tokens":"2","cost":[]},"choices":[{"delta":{"content":"x"}}]}"#;

        let chunk = Chunk::read(data.as_bytes()).unwrap();

        assert_eq!(chunk.content(), "x");
        let usage = chunk.usage.unwrap();
        assert_eq!((usage.tokens_input(), usage.tokens_output(), usage.cost_usd()), (None, None, None));
        assert_eq!(
            (count(&7.into()), count(&MAX_COUNT.into()), count(&i32::MAX.into()), count(&3_000_000_000_u64.into())),
            (Some(7), Some(MAX_COUNT), None, None)
        );
    }

    #[test]
    fn a_cost_keeps_its_digits_and_is_never_invented() {
        let table = [
            (r#"{"cost":0.00095}"#, Some("0.00095")),
            (r#"{"cost":9.5e-4}"#, Some("9.5e-4")),
            (r#"{"cost":"0.10"}"#, Some("0.10")),
            (r#"{"cost":0}"#, Some("0")),
            (r#"{"cost":-1}"#, None),
            (r#"{"cost":1e9}"#, None),
            (r#"{"cost":"free"}"#, None),
            (r#"{"cost":{"usd":1}}"#, None),
            (r#"{"cost":null}"#, None),
            (r#"{}"#, None),
        ];

        for (usage, cost) in table {
            assert_eq!(serde_json::from_str::<Usage>(usage).unwrap().cost_usd().as_deref(), cost, "{usage}");
        }
    }
}
