//! Parts of a video, sent one after the other to the address that the init gave.
//! <https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide>
//!
//! The rules of sizes: all parts but the last have the announced size, the last takes what is left.

use super::{Call, Post, Publication, Received, Route, Step, Upload};
use crate::{
    run::locked,
    world::channels::{Channels, Content, answer::Answer, content_range::ContentRange},
};

const KINDS: [&str; 3] = ["video/mp4", "video/quicktime", "video/webm"];

/// A part; the one with the last byte makes the post.
pub(super) fn route(channels: &Channels, received: &Received) -> Route {
    let range = received.header("content-range").and_then(ContentRange::parse);
    let step = if range.is_some_and(ContentRange::is_last) { Step::Publish } else { Step::Chunk };
    let id = received.query.get("upload_id").map(String::as_str).unwrap_or_default();
    let publications = locked(&channels.publications);
    let found = publications.values().find_map(|it| Some((it, it.upload.as_ref().filter(|upload| upload.id == id)?)));
    let Some((publication, upload)) = found else { return Route::new("", step, |_| Answer::empty(404)) };
    Route::new(&*publication.account, step, take).continuing(upload.arrived, upload.digest.clone())
}

/// Lets the addresses of the account's uploads that are not complete expire.
pub(in crate::world::channels) fn end_uploads(channels: &Channels, account: &str) {
    let mut publications = locked(&channels.publications);
    let of = publications.values_mut().filter(|it| it.account == account);
    of.filter_map(|it| it.upload.as_mut()).for_each(|upload| upload.is_over = true);
}

fn take(call: &Call<'_>) -> Answer {
    let id = call.received.query.get("upload_id").map(String::as_str).unwrap_or_default();
    let mut publications = locked(&call.channels.publications);
    let is_of = |it: &&mut Publication| it.upload.as_ref().is_some_and(|upload| upload.id == id);
    let Some(publication) = publications.values_mut().find(is_of) else { return Answer::empty(404) };
    let Some(upload) = publication.upload.as_mut() else { return Answer::empty(404) };
    if let Err(status) = upload.check(call) {
        return Answer::empty(status);
    }
    upload.arrived += call.intake.size;
    upload.digest = call.intake.digest.clone();
    let (arrived, size) = (upload.arrived, upload.size);
    if arrived == size {
        publication.hand_in(call);
    }
    let range = format!("bytes 0-{}/{size}", arrived - 1);
    Answer::empty(if arrived == size { 201 } else { 206 }).with_header("content-range", range)
}

impl Upload {
    /// The status that refuses a part.
    fn check(&self, call: &Call<'_>) -> Result<(), u16> {
        let received = call.received;
        if self.is_over || received.query.get("upload_token") != Some(&self.token) {
            return Err(403);
        }
        let is_video = received.header("content-type").is_some_and(|kind| KINDS.contains(&kind));
        let range = received.header("content-range").and_then(ContentRange::parse);
        let Some(ContentRange::Part { first, last, total }) = range.filter(|_| is_video) else { return Err(400) };
        if total != Some(self.size) || received.announced() != Some(last - first + 1) {
            return Err(400);
        }
        if first != self.arrived || first != call.intake.first {
            return Err(416);
        }
        let is_end = first / self.chunk + 1 >= self.count;
        let expected = if is_end { self.size } else { first + self.chunk };
        if last + 1 != expected {
            return Err(400);
        }
        // Nothing of a broken part is kept.
        if call.intake.is_kept_whole() { Ok(()) } else { Err(500) }
    }
}

impl Publication {
    /// All bytes have arrived: the post comes by itself.
    fn hand_in(&mut self, call: &Call<'_>) {
        let Some(upload) = &self.upload else { return };
        let content = Content { size: upload.size, sha256: upload.digest.hex() };
        let post = Post { content: Some(content), exchange: call.number, ..self.post.clone() };
        call.channels.ledger().add_processing(post);
        self.processing = Some(call.channels.processing(call.account));
    }
}
