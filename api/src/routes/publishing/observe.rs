//! What operators see of requests to publish: a log line for each entry that a dry run cannot publish, and for each channel
//! that refuses a real call. Captions, tokens and addresses never stand in them.

use almanac_shared::{
    platform::{
        error::{Code, Refusal},
        id::{JobId, UserId},
    },
    publishing::{IntentStatus, plan::Plan},
};

use crate::state::App;

/// Logs and counts the entries of a dry run.
pub(super) fn dry_run(app: &App, plan: &Plan) {
    for intent in &plan.intents {
        app.metrics.publish_dry_run(intent.channel.as_str(), intent.error.is_none());
        let Some(problem) = &intent.error else { continue };
        tracing::warn!(
            channel = intent.channel.as_str(),
            calendarId = intent.entry.calendar_id.map(tracing::field::display),
            runId = intent.entry.run_id.map(tracing::field::display),
            entryId = intent.entry.id,
            status = IntentStatus::Failed.as_str(),
            code = problem.code.as_str(),
            "an entry cannot be published as it is"
        );
    }
}

/// Logs and counts the end of an intent whose job was cancelled before a worker had it. Other kinds of jobs have none.
pub(in crate::routes) async fn ended(app: &App, user: UserId, job: JobId) {
    match app.publishing.ended(user, job).await {
        Ok(Some(intent)) => {
            app.metrics.intent_ended(intent.channel.as_str(), intent.end, intent.code, app.clock.now());
            tracing::info!(
                channel = intent.channel.as_str(),
                status = intent.end.as_str(),
                jobId = %job,
                "the intent was cancelled"
            );
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(jobId = %job, ?error, "the end of an intent is not counted"),
    }
}

/// Logs and counts the channels whose credentials or configuration refuse a real call.
pub(super) fn refusal(app: &App, refusal: &Refusal) {
    let Refusal::Rules { code: code @ (Code::ChannelAuthMissing | Code::ChannelNotConfigured), flaws, .. } = refusal
    else {
        return;
    };
    for channel in flaws.iter().filter_map(|flaw| flaw.loc.last()?.as_str()) {
        app.metrics.channel_auth_missing(channel, *code);
        tracing::warn!(
            channel,
            status = IntentStatus::Failed.as_str(),
            code = code.as_str(),
            "a channel cannot be used"
        );
    }
}
