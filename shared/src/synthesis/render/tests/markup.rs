//! Reads the tags of a page: each must be one that the templates write, with attributes that they write.

const TAGS: [&str; 19] = [
    "html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "p", "a", "b", "br", "span", "main", "form",
    "input", "button", "!DOCTYPE",
];
const ATTRIBUTES: [&str; 14] = [
    "lang", "dir", "charset", "name", "content", "class", "style", "href", "method", "action", "type", "value", "role",
    "html",
];
/// The table that only Outlook reads.
const COMMENTS: [&str; 2] = [
    r#"<!--[if mso]><table role="presentation" align="center" width="600"><tr><td style="padding:32px 24px 40px"><![endif]-->"#,
    "<!--[if mso]></td></tr></table><![endif]-->",
];

/// Panics at a tag or an attribute that no template has, and at an address that is not of the web.
pub fn check(html: &str) {
    let html = COMMENTS.iter().fold(html.to_owned(), |html, comment| html.replacen(comment, "", 1));
    for rest in html.split('<').skip(1) {
        let (name, attributes) = tag(rest);
        assert!(TAGS.contains(&name.trim_start_matches('/')), "<{name}> in {html}");
        for (attribute, value) in attributes {
            assert!(ATTRIBUTES.contains(&attribute), "{attribute} of <{name}> in {html}");
            let is_web = value.starts_with("https://") || value.starts_with("http://");
            assert!(attribute != "href" || is_web, "{value} in {html}");
        }
    }
}

/// Name and attributes of the tag that begins the text.
fn tag(text: &str) -> (&str, Vec<(&str, &str)>) {
    let end = text.find([' ', '>', '\n']).expect("the end of a tag's name");
    let (name, mut rest) = text.split_at(end);
    let mut attributes = vec![];
    loop {
        rest = rest.trim_start();
        if rest.starts_with('>') {
            return (name, attributes);
        }
        let end = rest.find(['=', '>', ' ']).expect("the end of an attribute's name");
        let (attribute, after) = rest.split_at(end);
        let Some(quoted) = after.strip_prefix("=\"") else {
            attributes.push((attribute, ""));
            rest = after;
            continue;
        };
        let (value, after) = quoted.split_once('"').expect("the end of an attribute's value");
        attributes.push((attribute, value));
        rest = after;
    }
}
