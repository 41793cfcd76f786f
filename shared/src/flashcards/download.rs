//! A user's cards as a file, read and written a page at a time, so that an export needs the memory of one page however
//! many cards there are. Called by the export route, which asks for the next part when the client has taken the last.

use super::{
    export::{Export, Format, Row},
    service::Flashcards,
};
use crate::platform::{
    error::Refusal,
    id::{CardId, UserId},
};

/// Cards of one page.
const PAGE: i64 = 250;

/// A file that is being read.
#[derive(Debug)]
pub struct Download {
    flashcards: Flashcards,
    user: UserId,
    before: Option<CardId>,
    /// `None` after the last part.
    file: Option<Export>,
}

impl Download {
    /// Begins a file with all cards of a user, newest first.
    pub fn start(flashcards: Flashcards, user: UserId, format: Format) -> Self {
        Self { flashcards, user, before: None, file: Some(Export::start(format)) }
    }

    /// The next part; `None` after the last. An error ends the file.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn next(&mut self) -> Result<Option<String>, Refusal> {
        let Some(mut file) = self.file.take() else { return Ok(None) };
        let cards = self.flashcards.cards(self.user, self.before, PAGE).await?;
        for card in &cards {
            file.push(&Row { front: &card.front, back: &card.back, created_at: card.created_at });
        }
        if i64::try_from(cards.len()).is_ok_and(|count| count < PAGE) {
            return Ok(Some(file.finish()));
        }
        self.before = cards.last().map(|card| card.id);
        let part = file.take();
        self.file = Some(file);
        Ok(Some(part))
    }
}
