// A theme that a person has deleted is hidden at once and deleted after some seconds, so that it can be taken back.
import { isAlmanacError, type Almanac } from "@almanac/client";
import { Observable } from "../saving/observable";
import { guardUnsaved } from "../saving/unsaved";

const UNDO_MS = 6_000;

export interface Removal {
  id: string;
  name: string;
  /** Set when the service has refused it. */
  error?: unknown;
}

export class Removals {
  /** The removal that can be undone, or that failed. */
  readonly current = new Observable<Removal | null>(null);
  private readonly removed = new Set<string>();
  /** Removals without an answer so far. */
  private sending = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly almanac: Almanac) {
    // A removal that can still be undone is sent when the page closes: that loses nothing.
    guardUnsaved({ isUnsaved: () => this.sending > 0, flush: this.flush });
  }

  isHidden(id: string): boolean {
    const current = this.current.get();
    return this.removed.has(id) || (current?.id === id && current.error === undefined);
  }

  start(id: string, name: string): void {
    void this.flush();
    this.current.set({ id, name });
    this.timer = setTimeout(() => void this.flush(), UNDO_MS);
  }

  readonly undo = (): void => {
    clearTimeout(this.timer);
    this.current.set(null);
  };

  private readonly flush = async (): Promise<void> => {
    clearTimeout(this.timer);
    const current = this.current.get();
    if (current && current.error === undefined) await this.send(current);
  };

  private async send(removal: Removal): Promise<void> {
    this.removed.add(removal.id);
    this.current.set(null);
    this.sending += 1;
    try {
      await this.almanac.delete("/themes/{id}", { params: { path: { id: removal.id } }, keepalive: true });
    } catch (error) {
      // Deleted elsewhere, or by an earlier attempt whose answer was lost.
      if (isAlmanacError(error) && error.status === 404) return;
      this.removed.delete(removal.id);
      this.current.set({ ...removal, error });
    } finally {
      this.sending -= 1;
    }
  }
}
