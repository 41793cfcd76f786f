// A theme while a person edits it. Each field is saved by itself, and keeps its text when that fails.
import type { Almanac, AlmanacError } from "@almanac/client";
import { Editor, Shelf } from "../saving/editor";
import { Saver, type SaveState } from "../saving/saver";
import { MOST_MERGES, isOutdated, isSame, overtaken } from "../saving/merge";
import {
  mergedTheme,
  textProblem,
  type Field,
  type ListField,
  type TextProblem,
  type Theme,
  type Values,
} from "./model";

export interface FieldState {
  /** `conflict`: the field was changed elsewhere in the same time, to what `theirs` says. */
  kind: "clean" | "changed" | "saved" | "wrong" | "refused" | "conflict";
  problem?: TextProblem;
  error?: AlmanacError;
  theirs?: string;
}

export interface ThemeView {
  stored: Theme | undefined;
  /** As shown, which may be ahead of what is stored. */
  values: Values | undefined;
  fields: Partial<Record<Field, FieldState>>;
  /** What is typed to be added to a list, and not added yet. */
  additions: Record<ListField, string>;
  save: SaveState;
  loadError: unknown;
  /** How many changes the service has stored. */
  changes: number;
}

type Patch = Partial<Values>;

interface Sent {
  stored: Theme;
  /** What of a change was sent, and as what. */
  patch: Patch;
}

export class ThemeEditor extends Editor<ThemeView> {
  protected readonly saver: Saver<Patch, Sent>;

  constructor(
    private readonly almanac: Almanac,
    private readonly id: string,
  ) {
    super({
      stored: undefined,
      values: undefined,
      fields: {},
      additions: { sources: "", sections: "" },
      save: { kind: "idle" },
      loadError: undefined,
      changes: 0,
    });
    this.saver = new Saver<Patch, Sent>({
      send: (patch) => this.send(patch),
      merge: (earlier, later) => ({ ...earlier, ...later }),
      onSaved: ({ stored, patch }) => {
        this.saved(stored, patch);
      },
      onRefused: (error, patch) => this.refused(error, patch),
    });
  }

  readonly load = async (): Promise<void> => {
    const { changes } = this.view.get();
    try {
      const stored = await this.read();
      if (this.isEdited() || this.view.get().changes !== changes) return;
      this.update({ stored, values: valuesOf(stored), loadError: undefined });
    } catch (error) {
      if (!this.view.get().values) this.update({ loadError: error });
    }
  };

  edit<F extends Field>(field: F, value: Values[F], pauseMs = 0): void {
    const { values, fields } = this.view.get();
    if (!values) return;
    // Both versions stay shown until the person has chosen one.
    if (fields[field]?.kind === "conflict") {
      this.update({ values: { ...values, [field]: value } });
      return;
    }
    const problem = field === "name" || field === "description" ? textProblem(field, String(value)) : null;
    const state: FieldState = problem ? { kind: "wrong", problem } : { kind: "changed" };
    this.update({ values: { ...values, [field]: value }, fields: { ...fields, [field]: state } });
    if (!problem) this.saver.save({ [field]: value }, pauseMs);
  }

  typeAddition(list: ListField, text: string): void {
    this.update({ additions: { ...this.view.get().additions, [list]: text } });
  }

  /** Ends a conflict. */
  keepMine(field: Field): void {
    const { values, fields } = this.view.get();
    this.update({ fields: { ...fields, [field]: { kind: "changed" } } });
    if (values) this.edit(field, values[field]);
  }

  /** Ends a conflict. */
  useTheirs(field: Field): void {
    const { stored, values, fields } = this.view.get();
    if (!stored || !values) return;
    this.update({ values: { ...values, [field]: stored[field] }, fields: { ...fields, [field]: { kind: "clean" } } });
  }

  readonly commit = (): void => {
    void this.saver.flush();
  };

  /** What is stored once all that was typed has arrived or failed. */
  readonly latest = async (): Promise<Theme | undefined> => {
    await this.saver.flush();
    return this.view.get().stored;
  };

  override hasChanges(): boolean {
    const isAdding = Object.values(this.view.get().additions).some((text) => text.trim() !== "");
    return isAdding || this.isEdited();
  }

  /** Whether a field shows something that is not stored. */
  private isEdited(): boolean {
    const isWrong = Object.values(this.view.get().fields).some(
      ({ kind }) => kind === "wrong" || kind === "conflict" || kind === "refused",
    );
    return isWrong || super.hasChanges();
  }

  private async read(): Promise<Theme> {
    return this.almanac.get("/themes/{id}", { params: { path: { id: this.id } } });
  }

  /** Sends a change, on top of what was saved elsewhere in between. */
  private async send(change: Patch): Promise<Sent> {
    let patch = change;
    for (let attempt = 1; ; attempt++) {
      try {
        return { stored: await this.patch(patch), patch };
      } catch (error) {
        if (!isOutdated(error)) throw error;
        if (attempt === MOST_MERGES) throw overtaken(error);
      }
      const stored = await this.read();
      patch = this.rebase(patch, stored);
      if (namesOf(patch).length === 0) return { stored, patch };
    }
  }

  private async patch(body: Patch): Promise<Theme> {
    const version = this.view.get().stored?.version;
    const header = version === undefined ? {} : { "If-Match": `"${version}"` };
    // Outlives the page, because leaving it sends what waits.
    return this.almanac.patch("/themes/{id}", { params: { path: { id: this.id }, header }, body, keepalive: true });
  }

  /** What is left to send of a change, now that the service has `theirs`. */
  private rebase(patch: Patch, theirs: Theme): Patch {
    const { stored, values: mine, fields } = this.view.get();
    if (!stored || !mine) return patch;
    const { values, conflicts } = mergedTheme(valuesOf(stored), mine, valuesOf(theirs));
    const states = { ...fields };
    for (const field of namesOf(patch)) if (isSame(values[field], theirs[field])) states[field] = { kind: "saved" };
    for (const [field, text] of Object.entries(conflicts)) states[field as Field] = { kind: "conflict", theirs: text };
    this.update({ stored: theirs, values, fields: states });
    const isLeft = (field: Field) => !(field in conflicts) && !isSame(values[field], theirs[field]);
    const left = (change: Patch) =>
      Object.fromEntries(namesOf(change).flatMap((field) => (isLeft(field) ? [[field, values[field]]] : []))) as Patch;
    this.saver.amend((pending) => {
      const rest = left(pending);
      return namesOf(rest).length > 0 ? rest : undefined;
    });
    return left(patch);
  }

  private saved(stored: Theme, patch: Patch): void {
    const { values, fields, changes } = this.view.get();
    const states = { ...fields };
    for (const field of namesOf(patch)) {
      if (values?.[field] === patch[field]) states[field] = { kind: "saved" };
    }
    this.update({ stored, fields: states, changes: changes + 1 });
  }

  /** Returns what was refused only because it came in one request with something else. */
  private refused(error: AlmanacError, patch: Patch): Patch | undefined {
    const named = namesOf(patch).filter((field) => error.details.some(({ loc }) => loc[1] === field));
    const wrong = named.length > 0 ? named : namesOf(patch);
    const states = { ...this.view.get().fields };
    for (const field of wrong) states[field] = { kind: "refused", error };
    this.update({ fields: states });
    const rest = Object.fromEntries(Object.entries(patch).filter(([field]) => !wrong.includes(field as Field)));
    return Object.keys(rest).length > 0 ? rest : undefined;
  }
}

function valuesOf({ name, description, language, sources, sections }: Theme): Values {
  return { name, description, language, sources, sections };
}

function namesOf(patch: Patch): Field[] {
  return Object.keys(patch) as Field[];
}

export const themeEditors = new Shelf((almanac: Almanac, id: string): ThemeEditor => new ThemeEditor(almanac, id));
