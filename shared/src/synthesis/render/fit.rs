//! Keeps a mail below the size at which Gmail hides the rest of it. The least that helps is left out, in this order:
//!
//! 1. takeaways, from the end of the mail;
//! 2. whole items, each from the end of the section that has the most (of equal ones the last); the section says how many;
//! 3. summaries of sections, from the end of the mail.
//!
//! So titles of sections always stay, and an item that stays keeps its title and its link.

use super::{RenderError, content::Content};

/// Gmail clips the HTML of a mail at about 102 KB.
pub const MAX_BYTES: usize = 102_000;

/// The rendering of as much of the content as fits: one call of `render` if all of it does, else one for each halving of
/// the number of steps.
pub fn largest_that_fits(
    content: Content,
    render: impl Fn(&Content) -> Result<String, RenderError>,
) -> Result<String, RenderError> {
    let whole = render(&content)?;
    if whole.len() <= MAX_BYTES {
        return Ok(whole);
    }
    let (mut too_few, mut enough) = (0, Steps::of(&content).count());
    let mut fitting = render(&shortened(&content, enough))?;
    if fitting.len() > MAX_BYTES {
        return Err(RenderError::TooLarge);
    }
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        let html = render(&shortened(&content, middle))?;
        if html.len() <= MAX_BYTES { (enough, fitting) = (middle, html) } else { too_few = middle }
    }
    Ok(fitting)
}

/// How many parts of a kind can be left out.
struct Steps {
    takeaways: usize,
    items: usize,
    summaries: usize,
}

impl Steps {
    fn of(content: &Content) -> Self {
        let items = || content.sections.iter().flat_map(|section| &section.items);
        Self {
            takeaways: items().filter(|item| item.takeaway.is_some()).count(),
            items: items().count(),
            summaries: content.sections.iter().filter(|section| !section.summary.is_empty()).count(),
        }
    }

    const fn count(&self) -> usize {
        self.takeaways + self.items + self.summaries
    }
}

/// The content without the first `count` parts in the order of leaving out.
fn shortened(content: &Content, count: usize) -> Content {
    let mut content = content.clone();
    let steps = Steps::of(&content);
    let takeaways = count.min(steps.takeaways);
    let items = (count - takeaways).min(steps.items);
    let summaries = count - takeaways - items;

    let all_items = content.sections.iter_mut().flat_map(|section| &mut section.items).rev();
    all_items.filter(|item| item.takeaway.is_some()).take(takeaways).for_each(|item| item.takeaway = None);
    for _ in 0..items {
        if let Some(largest) = content.sections.iter_mut().max_by_key(|section| section.items.len()) {
            largest.items.pop();
            largest.left_out += 1;
        }
    }
    let with_summary = content.sections.iter_mut().rev().filter(|section| !section.summary.is_empty());
    with_summary.take(summaries).for_each(|section| section.summary.clear());
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthesis::render::{
        content::{Item, Part},
        language::Language,
    };

    fn item(number: usize) -> Item {
        Item { title: format!("Item {number}"), link: None, takeaway: Some("Why it matters.".to_owned()) }
    }

    /// Sections of these sizes.
    fn content(sizes: &[usize]) -> Content {
        let part = |size: &usize| Part {
            title: "Section".to_owned(),
            summary: vec!["What happened.".to_owned()],
            items: (0..*size).map(item).collect(),
            left_out: 0,
        };
        Content {
            language: "en".to_owned(),
            direction: "ltr",
            words: Language::English,
            subject: String::new(),
            theme: String::new(),
            when: String::new(),
            sections: sizes.iter().map(part).collect(),
        }
    }

    /// Takeaways, items, items left out and paragraphs of each section.
    fn shape(content: &Content) -> Vec<(usize, usize, usize, usize)> {
        let takeaways = |part: &Part| part.items.iter().filter(|item| item.takeaway.is_some()).count();
        let shape = |part: &Part| (takeaways(part), part.items.len(), part.left_out, part.summary.len());
        content.sections.iter().map(shape).collect()
    }

    #[test]
    fn takeaways_go_first_then_items_of_the_largest_section_then_summaries() {
        let table = [
            (0, [(1, 1, 0, 1), (3, 3, 0, 1), (2, 2, 0, 1)]),
            (1, [(1, 1, 0, 1), (3, 3, 0, 1), (1, 2, 0, 1)]),
            (3, [(1, 1, 0, 1), (2, 3, 0, 1), (0, 2, 0, 1)]),
            (6, [(0, 1, 0, 1), (0, 3, 0, 1), (0, 2, 0, 1)]),
            (7, [(0, 1, 0, 1), (0, 2, 1, 1), (0, 2, 0, 1)]),
            (8, [(0, 1, 0, 1), (0, 2, 1, 1), (0, 1, 1, 1)]),
            (12, [(0, 0, 1, 1), (0, 0, 3, 1), (0, 0, 2, 1)]),
            (14, [(0, 0, 1, 1), (0, 0, 3, 0), (0, 0, 2, 0)]),
        ];
        for (steps, expected) in table {
            assert_eq!(shape(&shortened(&content(&[1, 3, 2]), steps)), expected, "{steps} steps");
        }
    }

    /// As many bytes as the takeaways, items and paragraphs would take at this price each.
    fn priced(bytes: usize) -> impl Fn(&Content) -> Result<String, RenderError> {
        move |content| {
            let parts: usize = shape(content).iter().map(|part| part.0 + part.1 + part.3).sum();
            Ok("x".repeat(parts * bytes))
        }
    }

    #[test]
    fn no_more_is_left_out_than_must_be() {
        for (price, expected) in [(1, 69), (5_000, 20), (7_000, 14), (51_000, 2), (51_001, 1)] {
            let html = largest_that_fits(content(&[10, 3, 20]), priced(price)).unwrap();
            assert_eq!(html.len() / price, expected, "{price} bytes each");
        }
    }

    #[test]
    fn titles_that_are_too_large_are_an_error() {
        let too_large = largest_that_fits(content(&[1]), |_| Ok("x".repeat(MAX_BYTES + 1)));
        assert!(matches!(too_large, Err(RenderError::TooLarge)));
    }
}
