// Themes that a person has deleted: hidden at once and deleted after some seconds, so that they can be taken back.
import { isAlmanacError, type Almanac } from "@almanac/client";
import { Observable } from "../saving/observable";
import { Saver, type SaveState } from "../saving/saver";
import { guardUnsaved } from "../saving/unsaved";
import { scheduleEditors } from "../schedule/editor";
import { themeEditors } from "./editor";
import type { Theme } from "./model";

const UNDO_MS = 6_000;

export interface Removal {
  id: string;
  name: string;
  /** `scheduled`: it can be undone. */
  save: SaveState;
}

/** The theme after the person's own changes. */
type Latest = () => Promise<Theme | undefined>;

export class Removals {
  /** Those of this page, the newest last. */
  readonly all = new Observable<readonly Removal[]>([]);
  private readonly savers = new Map<string, Saver<Latest, void>>();

  constructor(private readonly almanac: Almanac) {
    // A removal that can still be undone is sent when the page closes: that loses nothing.
    const isOnTheWay = ({ save }: Removal) => save.kind === "saving" || save.kind === "waiting";
    guardUnsaved({ isUnsaved: () => this.all.get().some(isOnTheWay), flush: this.flush });
    window.addEventListener("online", () => void this.flush());
  }

  isHidden(id: string): boolean {
    return this.all.get().some((removal) => removal.id === id && removal.save.kind !== "refused");
  }

  /** Deletes a theme as the person has seen it, and changed it herself: one that was changed elsewhere since stays. */
  start(theme: Theme, latest: Latest): void {
    void this.flush();
    const { almanac } = this;
    const { id, name } = theme;
    const saver = new Saver<Latest, void>({
      send: async () => this.send((await latest()) ?? theme),
      onSaved: () => {
        // What was typed in it is lost by the person's own choice.
        themeEditors.forget(almanac, id);
        scheduleEditors.forget(almanac, id);
      },
      onRefused: () => undefined,
    });
    saver.state.subscribe(() => {
      this.set(id, { id, name, save: saver.state.get() });
    });
    this.savers.set(id, saver);
    saver.save(latest, UNDO_MS);
  }

  undo(id: string): void {
    this.savers.get(id)?.cancel();
    this.dismiss(id);
  }

  dismiss(id: string): void {
    this.savers.delete(id);
    this.set(id);
  }

  private set(id: string, ...changed: Removal[]): void {
    this.all.set([...this.all.get().filter((removal) => removal.id !== id), ...changed]);
  }

  private readonly flush = async (): Promise<void> => {
    await Promise.all([...this.savers.values()].map((saver) => saver.flush()));
  };

  private async send({ id, version }: Theme): Promise<void> {
    const params = { path: { id }, header: { "If-Match": `"${version}"` } };
    try {
      await this.almanac.delete("/themes/{id}", { params, keepalive: true });
    } catch (error) {
      // Deleted elsewhere, or by an earlier attempt whose answer was lost.
      if (!isAlmanacError(error) || error.status !== 404) throw error;
    }
  }
}
