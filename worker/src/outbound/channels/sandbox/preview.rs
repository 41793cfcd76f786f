//! A post of the sandbox as a page for people: text only, with nothing to load and nothing to run.

use serde_json::Value;

use super::posts::SavedPost;

/// The page of a post.
pub(super) fn page(post: &SavedPost) -> String {
    let content = &post.content;
    let media = content.media.iter().map(|medium| format!("<li>{}</li>\n", escaped(medium)));
    let options =
        content.options.iter().map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), shown(value)));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{channel} post {id}</title>\n\
         <style>body{{font:16px sans-serif;max-width:36em;margin:2em auto;overflow-wrap:anywhere}}\
         p{{white-space:pre-wrap}}</style>\n\
         <h1>{channel}</h1>\n<p>{text}</p>\n{media}{options}\
         <footer>{account}, {at}. Kept by the sandbox; nothing was sent to {channel}.</footer>\n</html>\n",
        channel = post.channel,
        id = escaped(&post.id),
        text = escaped(&content.text),
        media = list("ul", media),
        options = list("dl", options),
        account = escaped(&post.account),
        at = post.created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    )
}

/// Nothing if the list has no items.
fn list(tag: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.collect();
    if items.is_empty() { items } else { format!("<{tag}>\n{items}</{tag}>\n") }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| escaped(&value.to_string()), escaped)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char => escaped.push(char),
        }
    }
    escaped
}
