// The schedule of one theme while a person edits it: reads it, saves each valid change, removes it.
import {
  AlmanacError,
  isAlmanacError,
  type Almanac,
  type ScheduleResponse,
  type UpsertScheduleRequest,
} from "@almanac/client";
import { Editor, Shelf } from "../saving/editor";
import { MOST_MERGES, isOutdated, isSame, overtaken } from "../saving/merge";
import { Saver, type SaveState } from "../saving/saver";
import {
  MOST_EMAILS,
  draftOf,
  draftWith,
  draftWithTime,
  emailProblem,
  hasUnsavedText,
  isTime,
  mergedRequest,
  requestOf,
  savedRows,
  timeOf,
  toggled,
  type Day,
  type Draft,
  type EmailRow,
} from "./model";

const TYPING_PAUSE_MS = 800;
/** How long a removal can be undone; then it is sent. */
const UNDO_MS = 6_000;

export interface ScheduleView {
  /** Absent until it was read. */
  draft: Draft | undefined;
  stored: ScheduleResponse | null;
  loadError: unknown;
  save: SaveState;
  /** The last thing that happened. `kept`: it was changed elsewhere before it was deleted, so it was not. */
  notice: "saved" | "deleted" | "kept" | null;
  /** Whether a removal can be undone. */
  canUndo: boolean;
  /** How many changes the service has stored. */
  changes: number;
}

/** A schedule to store; null: none. */
type Change = UpsertScheduleRequest | null;

export class ScheduleEditor extends Editor<ScheduleView> {
  protected readonly saver: Saver<Change, ScheduleResponse | null>;
  /** What was stored or is on the way there. */
  private sent: Change = null;
  /** The draft before the removal. */
  private removed: Draft | undefined;
  private nextKey = MOST_EMAILS;
  /** Whether it was deleted elsewhere: it mails, so nothing but a retry makes it again. */
  private isGone = false;

  constructor(
    private readonly almanac: Almanac,
    private readonly theme: string,
  ) {
    super({
      draft: undefined,
      stored: null,
      loadError: undefined,
      save: { kind: "idle" },
      notice: null,
      canUndo: false,
      changes: 0,
    });
    this.saver = new Saver<Change, ScheduleResponse | null>({
      send: (change) => this.send(change),
      onSaved: (stored, change) => {
        this.stored(stored, change);
      },
      onRefused: (error, change) => this.refused(error, change),
    });
  }

  readonly load = async (): Promise<void> => {
    const { changes } = this.view.get();
    try {
      const stored = await this.almanac.schedulesApi.get(this.theme);
      // Read before a change that was saved since: it is older than what is shown.
      if (this.hasChanges() || this.view.get().changes !== changes) return;
      this.sent = stored && requestOf(draftOf(stored), stored);
      const { draft } = this.view.get();
      const isSame = draft && JSON.stringify(requestOf(draft, stored)) === JSON.stringify(this.sent);
      const { stored: known, notice } = this.view.get();
      this.update({
        stored,
        draft: isSame ? draft : draftOf(stored),
        loadError: undefined,
        notice: known !== null && stored === null ? "deleted" : notice,
      });
    } catch (error) {
      if (!this.view.get().draft) this.update({ loadError: error });
    }
  };

  setEnabled(enabled: boolean): void {
    this.edit((draft) => ({ ...draft, enabled }));
  }

  toggleDay(day: Day): void {
    this.edit((draft) => ({ ...draft, days: toggled(draft.days, day) }));
  }

  setZone(zone: string | null): void {
    this.edit((draft) => ({ ...draft, zone }));
  }

  typeTime(text: string): void {
    const time = isTime(text) ? { time: text } : {};
    this.edit((draft) => ({ ...draft, timeText: text, isTimeWrong: false, ...time }), TYPING_PAUSE_MS);
  }

  commitTime(): void {
    this.edit((draft) => {
      const time = timeOf(draft.timeText);
      return time === undefined
        ? { ...draft, isTimeWrong: true }
        : { ...draft, timeText: time, isTimeWrong: false, time };
    });
    if (!this.view.get().canUndo) void this.saver.flush();
  }

  /** Ends a conflict. */
  keepMyTime(): void {
    this.edit((draft) => ({ ...draft, isTimeContested: false }));
  }

  /** Ends a conflict. */
  useSavedTime(): void {
    const { stored } = this.view.get();
    if (!stored) return;
    // Not what is half typed either.
    this.edit((draft) => draftWithTime({ ...draft, timeText: draft.time, isTimeWrong: false }, stored));
    this.update({ notice: null });
    // It may have changed again while the question was open.
    void this.load();
  }

  addEmail(): void {
    const row: EmailRow = { key: this.nextKey++, text: "", address: null, stored: null, problem: null };
    this.edit((draft) => (draft.emails.length < MOST_EMAILS ? { ...draft, emails: [...draft.emails, row] } : draft));
  }

  removeEmail(key: number): void {
    this.edit((draft) => ({ ...draft, emails: draft.emails.filter((row) => row.key !== key) }));
  }

  /** Half an address may be valid: it is saved when the person leaves the field. */
  typeEmail(key: number, text: string): void {
    this.editRow(key, (row) => ({ ...row, text, problem: null }));
  }

  commitEmail(key: number): void {
    this.editRow(key, (row, draft) => {
      const text = row.text.trim();
      if (text === "" && row.address === null) return { ...row, problem: null };
      const problem = emailProblem(draft, row);
      return problem ? { ...row, problem } : { ...row, text, address: text, problem };
    });
  }

  retry(): void {
    this.isGone = false;
    const { draft, stored, save } = this.view.get();
    if (save.kind === "refused" && draft) this.saver.save(requestOf(draft, stored));
    else void this.saver.flush();
  }

  remove(): void {
    this.removed = this.view.get().draft;
    this.sent = null;
    this.saver.save(null, UNDO_MS);
    this.update({ draft: draftOf(null), notice: "deleted", canUndo: true });
  }

  undoRemoval(): void {
    if (this.saver.pending() !== null || !this.removed) return;
    this.saver.cancel();
    const { stored } = this.view.get();
    this.sent = stored && requestOf(draftOf(stored), stored);
    this.update({ draft: this.removed, notice: null, canUndo: false });
    // A change that the removal has overtaken.
    this.queue(this.removed, 0);
    // Another window may have deleted it in between.
    void this.load();
  }

  override hasChanges(): boolean {
    const { draft } = this.view.get();
    return super.hasChanges() || (draft !== undefined && (draft.isTimeContested || hasUnsavedText(draft)));
  }

  /** A removal that waits is sent when the page closes, so that nothing is lost. */
  protected override isUnsaved(): boolean {
    return this.hasChanges() && this.saver.pending() !== null;
  }

  protected override onSaveState(save: SaveState): Partial<ScheduleView> {
    return { save, canUndo: this.saver.pending() === null };
  }

  private async send(change: Change): Promise<ScheduleResponse | null> {
    return change === null ? this.delete() : this.put(change);
  }

  /** Deletes what the person has seen; a schedule that was changed elsewhere since stays, and is returned. */
  private async delete(): Promise<ScheduleResponse | null> {
    const { stored } = this.view.get();
    const header = stored === null ? {} : { "If-Match": `"${stored.version}"` };
    const params = { path: { id: this.theme }, header };
    try {
      // Outlives the page, as a save does, because leaving it sends what waits.
      await this.almanac.delete("/themes/{id}/schedule", { params, keepalive: true });
      return null;
    } catch (error) {
      // The theme was deleted, and its schedule with it.
      if (isAlmanacError(error) && error.status === 404) return null;
      if (!isOutdated(error)) throw error;
      return this.almanac.schedulesApi.get(this.theme);
    }
  }

  /** Saves a request, on top of what was saved elsewhere in between. */
  private async put(change: UpsertScheduleRequest): Promise<ScheduleResponse> {
    let body = change;
    for (let attempt = 1; ; attempt++) {
      const base = this.view.get().stored;
      const header = base === null ? { "If-None-Match": "*" } : { "If-Match": `"${base.version}"` };
      const params = { path: { id: this.theme }, header };
      try {
        return await this.almanac.put("/themes/{id}/schedule", { params, body, keepalive: true });
      } catch (error) {
        if (!isOutdated(error)) throw error;
        if (attempt === MOST_MERGES) throw overtaken(error);
      }
      const theirs = await this.almanac.schedulesApi.get(this.theme);
      body = this.rebase(base, theirs);
      if (theirs && isSame(body, requestOf(draftOf(theirs), theirs))) return theirs;
    }
  }

  /** What to save now that the service has `theirs`. */
  private rebase(base: ScheduleResponse | null, theirs: ScheduleResponse | null): UpsertScheduleRequest {
    const draft = this.view.get().draft ?? draftOf(base);
    if (theirs === null) {
      this.isGone = true;
      this.update({ stored: null, draft: { ...draft, isTimeContested: false } });
      throw new AlmanacError({ status: 412, code: "SCHEDULE_DELETED", message: "the schedule was deleted elsewhere" });
    }
    const of = (stored: ScheduleResponse | null) => requestOf(draftOf(stored), stored);
    const merged = mergedRequest(of(base), requestOf(draft, base), of(theirs));
    this.update({ stored: theirs, draft: draftWith(draft, merged, this.nextKey) });
    this.nextKey += merged.request.emails.length;
    this.sent = merged.request;
    // What was typed since is in it. A removal that waits still counts.
    this.saver.amend((pending) => (pending === null ? null : undefined));
    return merged.request;
  }

  private stored(stored: ScheduleResponse | null, change: Change): void {
    const { draft, notice, changes } = this.view.get();
    if (change === null && stored !== null) {
      this.keep(stored);
      return;
    }
    const emails = stored?.emails ?? [];
    const kept = draft?.emails.map((row) =>
      row.address !== null && emails.includes(row.address) ? { ...row, stored: row.address } : row,
    );
    this.update({
      stored,
      draft: draft && { ...draft, emails: kept ?? [] },
      notice: change === null || this.saver.pending() === null ? notice : "saved",
      changes: changes + 1,
    });
  }

  /** Shows what was not deleted, unless the person has made a new one since. */
  private keep(stored: ScheduleResponse): void {
    if (this.saver.pending() !== undefined) return;
    this.sent = requestOf(draftOf(stored), stored);
    this.update({ stored, draft: draftOf(stored), notice: "kept" });
  }

  /** Returns the change without the addresses that were refused; their texts stay in their rows. */
  private refused(error: AlmanacError, change: Change): Change | undefined {
    const { draft, stored } = this.view.get();
    if (change === null) this.update({ draft: this.removed, notice: null });
    if (change === null || !draft) return undefined;
    const refused = error.details.map(({ loc }) => (loc[1] === "emails" ? change.emails[Number(loc[2])] : undefined));
    const wrong = savedRows(draft).flatMap(({ key, address }) => (refused.includes(address) ? [key] : []));
    const emails = draft.emails.map((row) =>
      wrong.includes(row.key) ? { ...row, problem: "invalid" as const, address: row.stored } : row,
    );
    const corrected = { ...draft, emails };
    this.update({ draft: corrected, notice: null });
    const rest = requestOf(corrected, stored);
    // The same again would be refused again.
    this.sent = wrong.length > 0 && !isSame(rest, change) ? rest : null;
    return this.sent ?? undefined;
  }

  private edit(change: (draft: Draft) => Draft, pauseMs = 0): void {
    const { draft } = this.view.get();
    if (!draft) return;
    const edited = change(draft);
    this.update({ draft: edited });
    this.queue(edited, pauseMs);
  }

  private editRow(key: number, change: (row: EmailRow, draft: Draft) => EmailRow): void {
    this.edit((draft) => ({
      ...draft,
      emails: draft.emails.map((row) => (row.key === key ? change(row, draft) : row)),
    }));
  }

  /** Sends what can be saved, if it is not what was sent last. */
  private queue(draft: Draft, pauseMs: number): void {
    if (this.isGone) return;
    const request = requestOf(draft, this.view.get().stored);
    if (JSON.stringify(request) === JSON.stringify(this.sent ?? requestOf(draftOf(null), null))) return;
    this.sent = request;
    this.saver.save(request, pauseMs);
  }
}

export const scheduleEditors = new Shelf(
  (almanac: Almanac, theme: string): ScheduleEditor => new ScheduleEditor(almanac, theme),
);
