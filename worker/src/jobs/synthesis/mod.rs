//! `synthesis.generate`: reads the feeds of a theme and asks a model to sum up their new items in sections. Scheduled and
//! manual syntheses run the same way. Called by the runner with a claimed job.

mod events;
mod reading;

use almanac_shared::{
    composer::synthesis::{self as task, Document},
    jobs::{ClaimedJob, Failure, State, store::items},
    platform::{error::Code, faults},
    synthesis::{
        Article, FeedItem, Section, rules,
        store::work::{self, Assignment},
    },
};
use serde_json::Value;

use super::{
    JobError, Verdict,
    model_run::{self, Attempt, Generation, LastWrite},
};
use crate::{
    deps::Deps,
    outbound::ai::{Item, Task, task::synthesis::identity},
    runner::stop::Stop,
};

/// Runs one attempt of a synthesis.
pub async fn generate(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let mut attempt = Attempt::new(deps, job, stop);
    let Some(order) = work::assignment(&deps.service, job.user_id, job.lease()).await? else {
        return Ok(Verdict::Fail(Failure::new(Code::NotFound, "The theme was deleted.")));
    };
    (attempt.model, attempt.prompt_version) = (order.model.clone(), order.prompt_version.clone());
    // Before anything is stored: a job that was only held counts as never started.
    if let (0, Some(pause)) = (attempt.seq, attempt.closed_for()) {
        return Ok(Verdict::Hold(pause));
    }
    attempt.count_earlier().await?;
    let mut run = SynthesisRun::new(order);
    run.read(&mut attempt).await?;
    model_run::run(attempt, run).await
}

struct SynthesisRun {
    order: Assignment,
    /// What the model reads.
    articles: Vec<FeedItem>,
    /// ISO week; empty before the feeds are read.
    week: String,
    /// Why the model is not asked.
    refused: Option<Failure>,
    /// Stored sections, those of earlier attempts included.
    sections: Vec<Section>,
}

impl SynthesisRun {
    fn new(mut order: Assignment) -> Self {
        Self {
            articles: order.articles.take().unwrap_or_default(),
            week: order.week.take().unwrap_or_default(),
            sections: std::mem::take(&mut order.sections),
            refused: None,
            order,
        }
    }

    /// The titles that the theme asks for and that have no section yet.
    fn titles_left(&self) -> Vec<String> {
        let is_made = |title: &&String| self.sections.iter().any(|made| identity(&made.title) == identity(title));
        self.order.titles.iter().filter(|title| !is_made(title)).cloned().collect()
    }

    /// The title under which a section is kept: the theme's own spelling, or the model's if the theme names none. `None`
    /// if it was not asked for, or is there already.
    fn title(&self, burst: &Burst, title: &str) -> Option<String> {
        let mut made = self.sections.iter().chain(&burst.items);
        if made.any(|section| identity(&section.title) == identity(title)) {
            return None;
        }
        if self.order.titles.is_empty() {
            return Some(title.to_owned());
        }
        self.order.titles.iter().find(|asked| identity(asked) == identity(title)).cloned()
    }

    /// The item that an answer means: documents number them from 1.
    fn article(&self, id: &str) -> Option<&FeedItem> {
        let place: usize = id.trim().parse().ok()?;
        self.articles.get(place.checked_sub(1)?)
    }
}

/// Sections, each under a title that no other has.
type Burst = items::Burst<Section>;

impl Generation for SynthesisRun {
    const TASK: Task = Task::Synthesis;
    const ITEMS: &'static str = "sections";
    const INCOMPLETE: State = State::Failed;
    type Burst = Burst;

    fn stored(&self) -> usize {
        self.sections.len()
    }

    fn unsaved(burst: &Burst) -> usize {
        burst.items.len()
    }

    /// There may be nothing to say under a title.
    fn is_done(&self, burst: &Burst, answered: bool) -> bool {
        let made = self.sections.len() + burst.items.len();
        let has_all = !self.order.titles.is_empty() && made >= self.order.titles.len();
        has_all || made >= rules::SECTIONS_MAX || (answered && made > 0)
    }

    fn step(made: usize) -> String {
        format!("sections after {made}")
    }

    async fn refusal(&self, _attempt: &Attempt<'_>) -> Option<Failure> {
        self.refused.clone()
    }

    fn document(&self) -> Value {
        faults::pass_poison(&self.order.description);
        let articles = (1..).zip(&self.articles).map(|(number, item): (usize, _)| task::Article {
            id: number.to_string(),
            title: item.title.clone(),
            url: item.url.clone(),
            published: item.published_at.date_naive(),
            summary: item.summary.clone(),
        });
        let theme = task::Theme { name: self.order.theme.clone(), description: self.order.description.clone() };
        let made = self.sections.iter().map(|section| section.title.clone()).collect();
        Document::new(theme, self.week.clone(), self.order.language.clone(), articles.collect())
            .asking_for(self.titles_left(), made)
            .into()
    }

    /// The feed says where an item leads, never the answer.
    fn take(&self, _attempt: &Attempt<'_>, burst: &mut Burst, item: Item) {
        let Item::Synthesis(draft) = item else { return };
        let Some(title) = self.title(burst, &draft.title) else { return };
        let mut articles: Vec<Article> = Vec::new();
        let mut named = Vec::new();
        for note in draft.articles {
            let Some(item) = self.article(&note.id).filter(|item| !named.contains(&item.key)) else { continue };
            named.push(item.key.clone());
            articles.push(Article {
                title: item.title.clone(),
                url: item.url.clone(),
                published_at: item.published_at,
                takeaway: note.takeaway,
            });
        }
        let section = Section { title, summary: draft.summary, articles };
        burst.events.push(("section".into(), events::section(&section)));
        burst.items.push(section);
    }

    fn begin(&self, _attempt: &Attempt<'_>) -> Option<String> {
        None
    }

    async fn keep(&mut self, attempt: &mut Attempt<'_>, mut burst: Burst) -> Result<(), JobError> {
        self.sections.extend(burst.items.iter().cloned());
        self.push_writing(&mut burst);
        attempt.save(&mut burst).await
    }

    async fn end(mut self, attempt: &mut Attempt<'_>, last: LastWrite<Burst>) -> Result<(), JobError> {
        self.sections.extend(last.burst.items.iter().cloned());
        let conclusion = self.conclusion(attempt, last);
        let (state, code) = (conclusion.state, conclusion.failure.as_ref().map(|failure| failure.code));
        attempt.end("done", conclusion).await?;
        self.log_end(attempt, state, code);
        Ok(())
    }
}
