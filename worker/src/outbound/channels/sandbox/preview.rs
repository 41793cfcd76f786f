//! A post of the sandbox as a page for people: text only, with nothing to load and nothing to run.

use super::posts::SavedPost;

/// The page of a post.
pub(super) fn page(post: &SavedPost) -> String {
    let media: String = post.content.media.iter().map(|medium| format!("<li>{}</li>\n", escaped(medium))).collect();
    let media = if media.is_empty() { media } else { format!("<ul>\n{media}</ul>\n") };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{channel} post {id}</title>\n\
         <style>body{{font:16px sans-serif;max-width:36em;margin:2em auto}}p{{white-space:pre-wrap}}</style>\n\
         <h1>{channel}</h1>\n<p>{text}</p>\n{media}\
         <footer>{account}, {at}. Kept by the sandbox; nothing was sent to {channel}.</footer>\n</html>\n",
        channel = escaped(&post.channel),
        id = escaped(&post.id),
        text = escaped(&post.content.text),
        account = escaped(&post.account),
        at = post.created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    )
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
