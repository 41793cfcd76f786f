//! Containers: made once, asked how far they are with growing pauses, and made again a few times if Instagram loses one.
//! A container whose answer is lost stays unused and ends by itself after a day.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-container>

use std::time::Duration;

use almanac_shared::{calendar::MediumType, publishing::render::Known};
use serde_json::Value;

use super::{CHANNEL, Instagram, text};
use crate::outbound::channels::{
    ChannelError, Delivery, ErrorClass, Handles, Prepared,
    answer::Answer,
    classify::{self, ContainerFault},
    graph::unreadable,
    ids, polls, post,
};

/// Containers of one post that may fail.
const MAX_FAILURES: u64 = 3;

const CONTAINER: &str = "container_id";
/// Under these names numbers are known: of questions about containers, and of containers that failed.
const POLLS: &str = "container_polls";
const FAILURES: &str = "container_failures";

/// How far the containers of a post are.
enum Progress {
    Ready,
    /// Instagram works on one.
    Working,
    /// One is of no use; the error is for the last time.
    Broken(ChannelError),
}

/// What Instagram says about a container.
#[derive(Debug)]
pub(super) enum Status {
    Working,
    Finished,
    Published,
    /// Another one may do; the error is for the last time.
    Broken(ChannelError),
    /// Another one would fail in the same way.
    Refused(ChannelError),
    /// There is none of this id any more.
    Gone(ChannelError),
}

/// Whether any container of a post was made.
pub(super) fn are_begun(known: &Known) -> bool {
    known.keys().any(|name| is_container(name))
}

fn is_container(name: &str) -> bool {
    name == CONTAINER || (name.starts_with("item_") && name.ends_with("_id"))
}

/// Takes the containers out of what is known, because one of them failed. False if too many have.
pub(super) fn forget(known: &mut Known) -> bool {
    let failures = polls::count(known, FAILURES);
    known.retain(|name, _| !is_container(name) && !name.starts_with("item_") && name != POLLS);
    failures < MAX_FAILURES
}

/// The pause before the next question about a container; counts it.
pub(super) fn next_pause(known: &mut Known) -> Duration {
    polls::next_pause(known, POLLS)
}

impl Instagram {
    /// Makes what is missing of a post's containers, and waits until they are finished.
    pub(super) async fn make_containers(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        match self.progress(delivery, known, handles).await? {
            Progress::Ready => Ok(Prepared::Ready),
            Progress::Working => Ok(Prepared::Wait(next_pause(known))),
            Progress::Broken(error) => {
                if !forget(known) {
                    return Err(error);
                }
                post::keep(handles, known).await?;
                Ok(Prepared::Wait(next_pause(known)))
            }
        }
    }

    async fn progress(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Progress, ChannelError> {
        if !known.contains_key(CONTAINER) {
            match self.items(delivery, known, handles).await? {
                Progress::Ready => {}
                other => return Ok(other),
            }
            match self.create(delivery, known, handles, "create_container").await? {
                Progress::Ready if is_video(delivery) => return Ok(Progress::Working),
                Progress::Ready => {}
                other => return Ok(other),
            }
        }
        self.container_status(delivery, known).await?.progress()
    }

    /// The items of a carousel: all are made before the first one is asked about, so that Instagram fetches them at once.
    async fn items(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Progress, ChannelError> {
        let requests = post::requests(CHANNEL, delivery, known)?;
        let steps: Vec<_> = requests.iter().map(|request| request.step.as_str()).collect();
        let mut has_new_video = false;
        for step in steps.iter().filter(|step| step.starts_with("create_item_")) {
            let name = id_name(step);
            if known.contains_key(&name) {
                continue;
            }
            match self.create(delivery, known, handles, step).await? {
                Progress::Ready => has_new_video |= steps.contains(&&*name.replace("_id", "_status")),
                other => return Ok(other),
            }
        }
        if has_new_video {
            return Ok(Progress::Working);
        }
        for step in steps.iter().filter(|step| step.starts_with("item_")) {
            let ready = step.replace("_status", "_ready");
            if known.contains_key(&ready) {
                continue;
            }
            match self.status(delivery, known, step).await?.progress()? {
                Progress::Ready => known.insert(ready, true.into()),
                other => return Ok(other),
            };
        }
        Ok(Progress::Ready)
    }

    /// Makes one container and keeps its id.
    async fn create(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
        step: &str,
    ) -> Result<Progress, ChannelError> {
        self.graph.check_pressure(delivery)?;
        let request = post::step(CHANNEL, delivery, known, step)?;
        let answer = self.graph.ask(delivery, &request).await?;
        if let Some(verdict) = classify::graph(&answer) {
            let subcode = classify::subcode(&answer);
            return match subcode.and_then(classify::container_fault) {
                Some(ContainerFault::NotReady) => Ok(Progress::Working),
                Some(ContainerFault::Broken) => {
                    Ok(Progress::Broken(answer.error(classify::failed_container(subcode), delivery.tokens)))
                }
                None => Err(answer.error(verdict, delivery.tokens)),
            };
        }
        let id = answer.body.get("id").and_then(ids::text).ok_or_else(|| unreadable("The container", delivery))?;
        known.insert(id_name(step), id.into());
        post::keep(handles, known).await?;
        Ok(Progress::Ready)
    }

    /// How far the container is that is published.
    pub(super) async fn container_status(
        &self,
        delivery: &Delivery<'_>,
        known: &Known,
    ) -> Result<Status, ChannelError> {
        self.status(delivery, known, "container_status").await
    }

    async fn status(&self, delivery: &Delivery<'_>, known: &Known, step: &str) -> Result<Status, ChannelError> {
        let request = post::step(CHANNEL, delivery, known, step)?;
        let answer = self.graph.ask(delivery, &request).await?;
        let Some(verdict) = classify::graph(&answer) else { return Ok(status_of(&answer, delivery)) };
        let fault = classify::subcode(&answer).and_then(classify::container_fault);
        if fault == Some(ContainerFault::Broken) || verdict.class == ErrorClass::Validation {
            return Ok(Status::Gone(answer.error(classify::failed_container(None), delivery.tokens)));
        }
        Err(answer.error(verdict, delivery.tokens))
    }
}

impl Status {
    /// As it stands in a proof.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Working => "in_progress",
            Self::Finished => "finished",
            Self::Published => "published",
            Self::Broken(_) => "broken",
            Self::Refused(_) => "refused",
            Self::Gone(_) => "unknown",
        }
    }

    fn progress(self) -> Result<Progress, ChannelError> {
        match self {
            // What was published before becomes the same post again.
            Self::Finished | Self::Published => Ok(Progress::Ready),
            Self::Working => Ok(Progress::Working),
            Self::Broken(error) | Self::Gone(error) => Ok(Progress::Broken(error)),
            Self::Refused(error) => Err(error),
        }
    }
}

/// The name under which the id of what a step makes is known.
fn id_name(step: &str) -> String {
    format!("{}_id", step.trim_start_matches("create_"))
}

/// Whether Instagram needs time for a post's only medium.
fn is_video(delivery: &Delivery<'_>) -> bool {
    matches!(&delivery.entry.media[..], [medium] if medium.kind == MediumType::Video)
}

/// A status that is not known is one of work that goes on.
fn status_of(answer: &Answer, delivery: &Delivery<'_>) -> Status {
    let failed = |subcode| answer.error(classify::failed_container(subcode), delivery.tokens);
    match text(&answer.body, "status_code") {
        "FINISHED" => Status::Finished,
        "PUBLISHED" => Status::Published,
        "EXPIRED" => Status::Broken(failed(None)),
        "ERROR" => {
            let subcode = answer.body.get("status").and_then(failure);
            match subcode.filter(|subcode| classify::is_final(*subcode)) {
                Some(_) => Status::Refused(failed(subcode)),
                None => Status::Broken(failed(subcode)),
            }
        }
        _ => Status::Working,
    }
}

/// The sub-code of a container that failed: a number, or the number in a sentence.
fn failure(status: &Value) -> Option<i64> {
    let in_text = || {
        let mut words = status.as_str()?.split(|letter: char| !letter.is_ascii_digit());
        words.find(|word| word.len() == 7)?.parse().ok()
    };
    ids::number(status).or_else(in_text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failed_container_is_forgotten_and_counted() {
        let begun = [("container_id", "1"), ("item_1_id", "2"), ("item_1_ready", "x"), (POLLS, "9"), ("other", "y")];
        for (earlier, may_go_on) in [(0, true), (1, true), (2, false)] {
            let mut known: Known = begun.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            known.insert(FAILURES.to_owned(), earlier.into());
            assert_eq!(forget(&mut known), may_go_on);
            let left: Vec<_> = known.keys().map(String::as_str).collect();
            assert_eq!(left, [FAILURES, "other"]);
        }
    }

    #[test]
    fn the_status_of_a_failed_container_names_its_sub_code() {
        for (status, subcode) in [
            (json!("Error: Media upload has failed with error code 2207026"), Some(2_207_026)),
            (json!("2207026"), Some(2_207_026)),
            (json!(2_207_026), Some(2_207_026)),
            (json!("Error: 12 of 345"), None),
            (json!(null), None),
        ] {
            assert_eq!(failure(&status), subcode, "{status}");
        }
    }
}
