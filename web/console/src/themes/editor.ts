// A theme while a person edits it. Each field is saved by itself, and keeps its text when that fails.
import type { Almanac, AlmanacError } from "@almanac/client";
import { Editor, Shelf } from "../saving/editor";
import { Saver, type SaveState } from "../saving/saver";
import { textProblem, type Field, type TextProblem, type Theme, type Values } from "./model";

export interface FieldState {
  kind: "clean" | "changed" | "saved" | "wrong" | "refused";
  problem?: TextProblem;
  error?: AlmanacError;
}

export interface ThemeView {
  stored: Theme | undefined;
  /** As shown, which may be ahead of what is stored. */
  values: Values | undefined;
  fields: Partial<Record<Field, FieldState>>;
  save: SaveState;
  loadError: unknown;
  /** How many changes the service has stored. */
  changes: number;
}

type Patch = Partial<Values>;

export class ThemeEditor extends Editor<ThemeView> {
  protected readonly saver: Saver<Patch, Theme>;

  constructor(
    private readonly almanac: Almanac,
    private readonly id: string,
  ) {
    super({
      stored: undefined,
      values: undefined,
      fields: {},
      save: { kind: "idle" },
      loadError: undefined,
      changes: 0,
    });
    this.saver = new Saver<Patch, Theme>({
      send: (patch) => this.almanac.patch("/themes/{id}", { params: { path: { id } }, body: patch, keepalive: true }),
      merge: (earlier, later) => ({ ...earlier, ...later }),
      onSaved: (theme, patch) => {
        this.saved(theme, patch);
      },
      onRefused: (error, patch) => this.refused(error, patch),
    });
  }

  readonly load = async (): Promise<void> => {
    const { changes } = this.view.get();
    try {
      const stored = await this.almanac.get("/themes/{id}", { params: { path: { id: this.id } } });
      if (this.hasChanges() || this.view.get().changes !== changes) return;
      this.update({ stored, values: valuesOf(stored), loadError: undefined });
    } catch (error) {
      if (!this.view.get().values) this.update({ loadError: error });
    }
  };

  edit<F extends Field>(field: F, value: Values[F], pauseMs = 0): void {
    const { values, fields } = this.view.get();
    if (!values) return;
    const problem = field === "name" || field === "description" ? textProblem(field, String(value)) : null;
    const state: FieldState = problem ? { kind: "wrong", problem } : { kind: "changed" };
    this.update({ values: { ...values, [field]: value }, fields: { ...fields, [field]: state } });
    if (!problem) this.saver.save({ [field]: value }, pauseMs);
  }

  readonly commit = (): void => {
    void this.saver.flush();
  };

  override hasChanges(): boolean {
    const isWrong = Object.values(this.view.get().fields).some(
      ({ kind, error }) => kind === "wrong" || (kind === "refused" && error?.status !== 404),
    );
    return isWrong || super.hasChanges();
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
