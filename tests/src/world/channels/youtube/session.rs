//! Upload sessions: opened with what the video is, filled with parts, and asked how much has arrived. A part that breaks
//! off is kept up to a multiple of 256 KiB.

use serde_json::Value;
use uuid::Uuid;

use super::{Answer, Call, Channels, Received, Route, Step, has_parts, locked, video};
use crate::world::channels::{Content, Post, content_range::ContentRange, digest::Digest, intake::BOUNDARY};

const MAX_SIZE: u64 = 256 << 30;

/// An upload that has begun, by its id.
#[derive(Clone, Debug)]
pub(in crate::world::channels) struct Session {
    account: String,
    /// As the head of the opening announces it.
    size: Option<u64>,
    kind: String,
    resource: Value,
    post: Post,
    arrived: u64,
    digest: Digest,
    /// The id of the video that it became.
    video: Option<String>,
    /// It is not valid any more, with this status.
    gone: Option<u16>,
}

/// Ends the sessions of an account that are not complete.
pub(in crate::world::channels) fn end_sessions(channels: &Channels, account: &str) {
    let mut sessions = locked(&channels.sessions);
    let of = sessions.values_mut().filter(|session| session.account == account && session.video.is_none());
    of.for_each(|session| session.gone = Some(404));
}

pub(super) fn open(call: &Call<'_>) -> Answer {
    let received = call.received;
    let parts = ["snippet", "status", "recordingDetails", "localizations"];
    let is_resumable = received.query.get("uploadType").is_some_and(|kind| kind == "resumable");
    if !is_resumable || !has_parts(received, &parts, &["snippet", "status"]) {
        return Answer::google("badRequest");
    }
    let notify = received.query.get("notifySubscribers").map(String::as_str);
    let is_json = received.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json || notify.is_some_and(|notify| !matches!(notify, "true" | "false")) {
        return Answer::google("badRequest");
    }
    let Ok((size, kind)) = announced(received) else { return Answer::google("badRequest") };
    if let Err(reason) = video::check(&received.fields) {
        return Answer::google(reason);
    }
    if call.channels.is_exhausted(call.account) {
        return Answer::google("quotaExceeded");
    }
    if !call.channels.may_begin(call.account) {
        return Answer::google("rateLimitExceeded");
    }
    let id = format!("AFake{}", Uuid::new_v4().simple());
    let query = [("uploadType", "resumable"), ("part", "snippet,status"), ("upload_id", &id)];
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let address = format!("{}/upload/youtube/v3/videos?{query}", received.base_url);
    let session = Session {
        account: call.account.to_owned(),
        size,
        kind,
        resource: received.fields.clone(),
        post: call.post(super::super::Site::Youtube),
        arrived: 0,
        digest: Digest::default(),
        video: None,
        gone: None,
    };
    locked(&call.channels.sessions).insert(id.clone(), session);
    Answer::empty(200).with_header("location", address).with_header("x-guploader-uploadid", id)
}

/// Size and type of the file, from the head.
fn announced(received: &Received) -> Result<(Option<u64>, String), ()> {
    let size = received.header("x-upload-content-length").map(str::parse::<u64>).transpose().map_err(|_| ())?;
    let kind = received.header("x-upload-content-type").unwrap_or("application/octet-stream");
    let is_video = kind.starts_with("video/") || kind == "application/octet-stream";
    if !is_video || size.is_some_and(|size| size == 0 || size > MAX_SIZE) {
        Err(())
    } else {
        Ok((size, kind.to_owned()))
    }
}

/// A part, or the question how much has arrived. The part with the last byte makes the video.
pub(super) fn route(channels: &Channels, received: &Received) -> Route {
    let step = match received.header("content-range").map(ContentRange::parse) {
        Some(Some(ContentRange::Nothing { .. })) => Step::Probe,
        None => Step::Publish,
        Some(Some(range)) if range.is_last() => Step::Publish,
        Some(_) => Step::Chunk,
    };
    let sessions = locked(&channels.sessions);
    let id = received.query.get("upload_id").map(String::as_str).unwrap_or_default();
    let Some(session) = sessions.get(id) else { return Route::new("", step, |_| Answer::google("notFound")) };
    let route = Route::new(&*session.account, step, put).continuing(session.arrived, session.digest.clone());
    route.keeping(keep_part)
}

fn put(call: &Call<'_>) -> Answer {
    let id = call.received.query.get("upload_id").map(String::as_str).unwrap_or_default();
    let mut sessions = locked(&call.channels.sessions);
    let Some(session) = sessions.get_mut(id) else { return Answer::google("notFound") };
    if let Some(status) = session.gone {
        return Answer::new(status, Answer::google("notFound").body);
    }
    if let Some(video) = &session.video {
        return Answer::ok(video::resource(call.channels, video));
    }
    match call.received.header("content-range").map(ContentRange::parse) {
        Some(Some(ContentRange::Nothing { total })) => session.answer_probe(call, total),
        Some(Some(ContentRange::Part { first, last, total })) => session.take(call, first, Some(last), total),
        None => session.take(call, 0, None, call.received.announced()),
        Some(None) => Answer::google("badContentRange"),
    }
}

/// Keeps what has arrived of a part whose head was right.
fn keep_part(call: &Call<'_>) {
    let id = call.received.query.get("upload_id").map(String::as_str).unwrap_or_default();
    let mut sessions = locked(&call.channels.sessions);
    let Some(session) = sessions.get_mut(id) else { return };
    let range = call.received.header("content-range").map(ContentRange::parse);
    let (first, last, total) = match range {
        Some(Some(ContentRange::Part { first, last, total })) => (first, Some(last), total),
        None => (0, None, call.received.announced()),
        _ => return,
    };
    if session.gone.is_none() && session.video.is_none() && session.accepts(call, first, last, total) {
        session.keep(call);
    }
}

impl Session {
    fn answer_probe(&self, call: &Call<'_>, total: Option<u64>) -> Answer {
        let is_of_size = total.is_none() || self.size.is_none() || total == self.size;
        if call.intake.size > 0 || !is_of_size {
            return Answer::google("badContentRange");
        }
        self.incomplete()
    }

    /// Parts follow each other without a gap or an overlap; all but the last have a multiple of 256 KiB.
    fn accepts(&self, call: &Call<'_>, first: u64, last: Option<u64>, total: Option<u64>) -> bool {
        let is_of_size = self.size.is_none() || total.is_none() || total == self.size;
        let end = last.map(|last| last + 1).or(total);
        let is_last = end.is_some() && end == total.or(self.size);
        let length = end.and_then(|end| end.checked_sub(first));
        let is_whole_chunk = is_last || length.is_some_and(|length| length.is_multiple_of(BOUNDARY));
        let is_as_announced = call.received.announced().is_none() || call.received.announced() == length;
        let is_next = first == self.arrived && first == call.intake.first;
        is_of_size && is_next && is_whole_chunk && is_as_announced && call.intake.size <= length.unwrap_or(u64::MAX)
    }

    fn take(&mut self, call: &Call<'_>, first: u64, last: Option<u64>, total: Option<u64>) -> Answer {
        if !self.accepts(call, first, last, total) {
            return Answer::google("badContentRange");
        }
        self.size = self.size.or(total);
        self.keep(call);
        if self.size != Some(self.arrived) {
            return self.incomplete();
        }
        let id = video::new_id(call.channels.next_number());
        let content = Content { size: self.arrived, sha256: self.digest.hex() };
        let text = |name: &str| self.resource["snippet"][name].as_str().unwrap_or_default().to_owned();
        let (title, text) = (text("title"), text("description"));
        let post = Post { id: id.clone(), title, source: text.clone(), text, ..self.post.clone() };
        let media = vec![self.kind.clone()];
        call.channels.publish(Post {
            content: Some(content),
            media,
            exchange: call.number,
            at: call.post(post.site).at,
            ..post
        });
        video::add(call, &id, &self.resource);
        self.video = Some(id.clone());
        Answer::new(201, Some(video::resource(call.channels, &id)))
    }

    fn keep(&mut self, call: &Call<'_>) {
        let (kept, digest) = call.intake.kept();
        self.arrived += kept;
        self.digest = digest;
    }

    /// 308 with what has arrived; without a range if nothing has.
    fn incomplete(&self) -> Answer {
        let answer = Answer::empty(308);
        match self.arrived {
            0 => answer,
            arrived => answer.with_header("range", format!("bytes=0-{}", arrived - 1)),
        }
    }
}
