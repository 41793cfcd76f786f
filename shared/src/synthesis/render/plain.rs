//! The text part of a mail. Written by hand: a text made from the HTML would number its links and list them at the end,
//! far from their items.

use super::content::{Content, Item, Part};

/// Everything that the issue holds, one thought a line. Nothing is left out: clients clip HTML only.
pub fn render(content: &Content, unsubscribe_url: Option<&str>) -> String {
    let mut blocks = vec![heading(&content.theme, '='), content.when.clone()];
    if content.sections.is_empty() {
        blocks.push(content.words.nothing().to_owned());
    }
    blocks.extend(content.sections.iter().flat_map(section_blocks));
    blocks.push(footer(content, unsubscribe_url));
    blocks.join("\n\n") + "\n"
}

fn section_blocks(section: &Part) -> Vec<String> {
    let mut blocks = vec![format!("\n{}", heading(&section.title, '-'))];
    blocks.extend(section.summary.iter().cloned());
    blocks.extend(section.items.iter().map(item_block));
    blocks
}

fn item_block(item: &Item) -> String {
    let url = item.link.as_ref().map(|link| link.url.as_str());
    let lines = [url, item.takeaway.as_deref()].into_iter().flatten();
    lines.fold(format!("* {}", item.title), |block, line| format!("{block}\n  {line}"))
}

/// A title and a line of its width below; a width of at most 60, because screens break longer lines.
fn heading(title: &str, underline: char) -> String {
    let width = title.chars().count().min(60);
    format!("{title}\n{}", underline.to_string().repeat(width))
}

/// Mail clients know the line of two dashes and a space as the beginning of a signature.
fn footer(content: &Content, unsubscribe_url: Option<&str>) -> String {
    let reason = content.words.reason(&content.theme);
    let link = unsubscribe_url.map(|url| format!("\n{}", content.words.unsubscribe_at(url)));
    format!("-- \n{reason}{}", link.unwrap_or_default())
}
