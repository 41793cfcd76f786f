// Something of the service while a person edits it. It lives on until everything is saved, also when the page that shows it
// is gone, and a page that shows it again finds what was typed.
import type { Almanac } from "@almanac/client";
import { Observable } from "./observable";
import type { SaveState } from "./saver";
import { guardUnsaved } from "./unsaved";

/** The part of a saver that every editor uses. */
interface Sending {
  readonly state: Observable<SaveState>;
  readonly flush: () => Promise<void>;
  cancel: () => unknown;
  isSettled: () => boolean;
}

export abstract class Editor<View extends { save: SaveState }> {
  readonly view: Observable<View>;
  protected abstract readonly saver: Sending;
  private pages = 0;
  private release: (() => void) | undefined;

  protected constructor(view: View) {
    this.view = new Observable(view);
  }

  /** Reads what is stored. What a person has changed is never overwritten. */
  abstract readonly load: () => Promise<void>;

  /** Whether something typed is not stored. */
  hasChanges(): boolean {
    return !this.saver.isSettled();
  }

  /** Whether closing the page would lose something. */
  protected isUnsaved(): boolean {
    return this.hasChanges();
  }

  protected onSaveState(save: SaveState): Partial<View> {
    return { save } as Partial<View>;
  }

  protected update(change: Partial<View>): void {
    this.view.set({ ...this.view.get(), ...change });
  }

  /** A page shows it. Returns how to leave. */
  enter(shelf: Map<string, Shown<unknown>>, id: string): () => void {
    this.pages += 1;
    this.release ??= this.retain(shelf, id);
    void this.load();
    return () => {
      this.pages -= 1;
      void this.saver.flush();
      this.settle();
    };
  }

  /** The person has deleted what it edits: nothing of it is sent or asked about any more. */
  forget(): void {
    this.saver.cancel();
    this.release?.();
    this.release = undefined;
  }

  private retain(shelf: Map<string, Shown<unknown>>, id: string): () => void {
    const { state, flush } = this.saver;
    shelf.set(id, this);
    const removeGuard = guardUnsaved({ isUnsaved: () => this.isUnsaved(), flush });
    const reconnected = () => void flush();
    const unsubscribe = state.subscribe(() => {
      this.update(this.onSaveState(state.get()));
      this.settle();
    });
    window.addEventListener("online", reconnected);
    return () => {
      removeGuard();
      unsubscribe();
      window.removeEventListener("online", reconnected);
      shelf.delete(id);
    };
  }

  private settle(): void {
    if (this.pages > 0 || this.hasChanges()) return;
    this.release?.();
    this.release = undefined;
  }
}

/** What a component needs of an editor. */
export interface Shown<View> {
  view: { get: () => View; subscribe: (listener: () => void) => () => void };
  load: () => Promise<void>;
  enter: (shelf: Map<string, Shown<unknown>>, id: string) => () => void;
  forget: () => void;
}

/** The editors of one kind that are shown or have something to save: at most one for each id. */
export class Shelf<E extends Shown<unknown>> {
  private readonly kept = new WeakMap<Almanac, Map<string, E>>();

  constructor(private readonly create: (almanac: Almanac, id: string) => E) {}

  find(almanac: Almanac, id: string): E {
    return this.of(almanac).get(id) ?? this.create(almanac, id);
  }

  /** Returns how to leave. */
  enter(almanac: Almanac, id: string, editor: E): () => void {
    return editor.enter(this.of(almanac), id);
  }

  /** Drops what was not saved, for the person has deleted what it belongs to. */
  forget(almanac: Almanac, id: string): void {
    this.of(almanac).get(id)?.forget();
  }

  private of(almanac: Almanac): Map<string, E> {
    const known = this.kept.get(almanac) ?? new Map<string, E>();
    this.kept.set(almanac, known);
    return known;
  }
}
