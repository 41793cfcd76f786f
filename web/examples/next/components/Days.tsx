// The posts by day, each where it will stay: a place that waits for its text, a text that was just written, or a saved
// post that can be edited.
import type { Slot } from "@almanac/next/slots";
import type { Entry, Made } from "@/lib/almanac";
import type { Run } from "@/lib/calendar-state";
import { EntryCard } from "./EntryCard";

interface Props {
  calendarId: string | undefined;
  saved: Entry[];
  run: Run | undefined;
  onSaved: (entry: Entry) => void;
}

export function Days({ calendarId, saved, run, onSaved }: Props) {
  const isFirstRun = run !== undefined && !run.isRegeneration;
  const places: (Slot | Made | Entry)[] = isFirstRun ? placesOf(run) : saved;
  const dates = [...new Set(places.map(({ date }) => date))].sort();
  return dates.map((date) => (
    <section key={date} className="day" aria-label={date}>
      <h3>{dayName(date)}</h3>
      <div className="posts">
        {places
          .filter((place) => place.date === date)
          .sort(byTime)
          .map((place) => {
            if ("version" in place && calendarId !== undefined) {
              return <EntryCard key={place.id} calendarId={calendarId} entry={place} onSaved={onSaved} />;
            }
            return "title" in place ? (
              <Written key={place.key} post={place} />
            ) : (
              <Waiting key={place.key} slot={place} />
            );
          })}
      </div>
    </section>
  ));
}

/** Everything that will be there, in the order of the service, with what is written so far. After the end nothing waits. */
function placesOf({ slots, made, isOver }: Run): (Slot | Made)[] {
  if (isOver) return made;
  const written = new Map(made.map((post) => [post.key, post]));
  const planned = new Set(slots.map(({ key }) => key));
  return [...slots.map((slot) => written.get(slot.key) ?? slot), ...made.filter(({ key }) => !planned.has(key))];
}

function Waiting({ slot }: { slot: Slot }) {
  return (
    <article className="post waiting" aria-busy="true" aria-label={`${slot.channel}, ${slot.date}, waiting`}>
      <header>
        {slot.time} · {slot.channel}
      </header>
    </article>
  );
}

/** A text of a model is a text: React escapes it, whatever it contains. */
function Written({ post }: { post: Made }) {
  return (
    <article className="post" data-testid="post" data-key={post.key} aria-label={`${post.channel}, ${post.date}`}>
      <header>
        {post.time} · {post.channel}
      </header>
      <strong>{post.title}</strong>
      <p className="text">{post.caption}</p>
      <p className="tags">{post.hashtags.join(" ")}</p>
    </article>
  );
}

/** The same order before and after a post is written and saved, so that nothing moves. */
function byTime(a: Slot | Made, b: Slot | Made): number {
  return a.time.localeCompare(b.time) || a.key.localeCompare(b.key);
}

function dayName(date: string): string {
  const options = { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" } as const;
  return new Date(`${date}T00:00:00Z`).toLocaleDateString("en", options);
}
