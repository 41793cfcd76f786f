// Saves the edits of one entry. A keystroke is never lost: what is not saved is kept and sent again, and a version that
// was saved elsewhere in the same time is shown beside it.
import { once, problemOf, type Entry, type Problem } from "./almanac";

export const FIELDS = ["title", "time", "caption", "hashtags"] as const;
export type Field = (typeof FIELDS)[number];
/** Fields as they are typed, only those that show something else than what is saved. */
export type Draft = Partial<Record<Field, string>>;

export type SaveStatus =
  | { kind: "idle" | "waiting" | "saving" | "saved" }
  | { kind: "failed"; problem: Problem; retries: boolean }
  /** The entry was saved elsewhere; `theirs` is undefined if it was deleted. */
  | { kind: "conflict"; theirs: Entry | undefined };

export interface Snapshot {
  entry: Entry;
  draft: Draft;
  status: SaveStatus;
}

const PAUSE_MS = 800;
const LONGEST_RETRY_MS = 15_000;

export function textOf(entry: Entry, field: Field): string {
  return field === "hashtags" ? entry.hashtags.join(" ") : entry[field];
}

export class EntrySaver {
  private snapshot: Snapshot;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private latest: Entry;
  /** Texts of the draft that are saved, in another form: `b` as the hashtag `#b`. */
  private stored: Draft = {};
  /** Whether the person has left the field since the last keystroke. */
  private left = true;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly calendarId: string,
    entry: Entry,
    private readonly onSaved: (entry: Entry) => void,
  ) {
    this.snapshot = { entry, draft: {}, status: { kind: "idle" } };
    this.latest = entry;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): Snapshot => this.snapshot;

  /** A newer version came from elsewhere: an accepted run, for example. What is typed meets it when it is saved. */
  adopt(entry: Entry): void {
    if (entry.version > this.latest.version) this.latest = entry;
    this.useLatest();
  }

  edit(field: Field, text: string): void {
    this.left = false;
    this.set({ draft: { ...this.snapshot.draft, [field]: text } });
    if (this.snapshot.status.kind === "conflict" || this.snapshot.status.kind === "saving") return;
    this.set({ status: { kind: "waiting" } });
    this.saveIn(PAUSE_MS);
  }

  /** The person left the field: no need to wait any longer, and it may show what is saved. */
  leave(): void {
    this.left = true;
    const { kind } = this.snapshot.status;
    if (kind === "waiting" || kind === "failed") void this.save();
    else if (kind === "saved") this.set({ draft: this.unsaved() });
  }

  /** Ends a conflict. */
  keepMine(): void {
    const { status } = this.snapshot;
    if (status.kind !== "conflict" || status.theirs === undefined) return;
    this.stored = {};
    this.set({ entry: status.theirs });
    void this.save();
  }

  /** Ends a conflict. */
  useTheirs(): void {
    const { status } = this.snapshot;
    if (status.kind !== "conflict" || status.theirs === undefined) return;
    this.stored = {};
    this.set({ entry: status.theirs, draft: {}, status: { kind: "saved" } });
    this.onSaved(status.theirs);
  }

  /** The post is not shown any more. What could not be saved is sent again. */
  dispose(): void {
    clearTimeout(this.timer);
    this.leave();
  }

  private async save(): Promise<void> {
    clearTimeout(this.timer);
    const { entry } = this.snapshot;
    const sent = this.unsaved();
    if (isEmpty(sent)) {
      this.set({ draft: this.shown(), status: { kind: "saved" } });
      this.useLatest();
      return;
    }
    this.set({ status: { kind: "saving" } });
    try {
      const saved = await once.patch("/calendars/{id}/entries/{entry}", {
        params: { path: { id: this.calendarId, entry: entry.id }, header: { "If-Match": `"${entry.version}"` } },
        body: bodyOf(sent),
        // Also when the tab is closed at this moment.
        keepalive: true,
      });
      this.failures = 0;
      this.settle(saved, sent);
    } catch (error) {
      await this.fail(error, sent);
    }
  }

  /** What was typed while the request was under way is still to be saved. */
  private settle(saved: Entry, sent: Draft): void {
    this.stored = { ...this.stored, ...sent };
    this.snapshot = { ...this.snapshot, entry: saved };
    this.set({ draft: this.shown(), status: { kind: "saved" } });
    this.onSaved(saved);
    if (!isEmpty(this.unsaved())) {
      this.set({ status: { kind: "waiting" } });
      this.saveIn(PAUSE_MS);
    }
  }

  /** Texts of the draft that are to be sent. */
  private unsaved(): Draft {
    const { entry, draft } = this.snapshot;
    return picked(changesIn(entry, draft), (field, text) => this.stored[field] !== text);
  }

  /** The draft beside what is saved now. A person who goes on typing finds each character where it was. */
  private shown(): Draft {
    const { entry, draft } = this.snapshot;
    return this.left ? this.unsaved() : picked(draft, (field, text) => textOf(entry, field) !== text);
  }

  private useLatest(): void {
    if (this.latest.version <= this.snapshot.entry.version || !isEmpty(this.unsaved())) return;
    if (this.snapshot.status.kind === "saving") return;
    this.stored = {};
    this.set({ entry: this.latest, draft: {} });
  }

  private async fail(error: unknown, sent: Draft): Promise<void> {
    const problem = problemOf(error);
    const { code = "", retryable = false } = error as { code?: string; retryable?: boolean };
    if (code === "NOT_FOUND") {
      this.set({ status: { kind: "conflict", theirs: undefined } });
      return;
    }
    if (code === "PRECONDITION_FAILED") {
      await this.compare(sent);
      return;
    }
    const retries = retryable || problem.signIn === true;
    this.set({ status: { kind: "failed", problem, retries } });
    if (retries) this.saveIn(Math.min(1_000 * 2 ** ++this.failures, LONGEST_RETRY_MS));
  }

  /** An earlier attempt may have saved the text without its answer arriving: then there is no conflict. */
  private async compare(sent: Draft): Promise<void> {
    try {
      const { entries } = await once.get("/calendars/{id}", { params: { path: { id: this.calendarId } } });
      const theirs = entries.find(({ id }) => id === this.snapshot.entry.id);
      if (theirs !== undefined && isEmpty(changesIn(theirs, sent))) this.settle(theirs, sent);
      else this.set({ status: { kind: "conflict", theirs } });
    } catch (error) {
      await this.fail(error, sent);
    }
  }

  private saveIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), ms);
  }

  private set(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of this.listeners) listener();
  }
}

/** The fields of a draft that differ from what is saved. */
function changesIn(entry: Entry, draft: Draft): Draft {
  return picked(draft, (field, text) => !isIn(entry, field, text));
}

/** Whether this text is saved, in the form that texts of this field are saved in. */
function isIn(entry: Entry, field: Field, text: string): boolean {
  return textOf(entry, field) === (field === "hashtags" ? tagsIn(text).join(" ") : text);
}

function picked(draft: Draft, isPicked: (field: Field, text: string) => boolean): Draft {
  return Object.fromEntries(Object.entries(draft).filter(([field, text]) => isPicked(field as Field, text)));
}

function isEmpty(draft: Draft): boolean {
  return Object.keys(draft).length === 0;
}

function tagsIn(text: string): string[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  return words.map((word) => (word.startsWith("#") ? word : `#${word}`));
}

function bodyOf({ hashtags, ...texts }: Draft): Record<string, string | string[]> {
  return hashtags === undefined ? texts : { ...texts, hashtags: tagsIn(hashtags) };
}
