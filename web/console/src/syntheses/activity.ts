// The synthesis that is being written now, wherever it was started: at most one per person. Its progress comes from its
// events, also after the page was loaded again.
import { isAlmanacError, type Almanac, type Schemas } from "@almanac/client";
import { Observable } from "../saving/observable";

export interface ActiveSynthesis {
  id: string;
  theme: string | undefined;
  percent: number;
  step: string;
  sections: readonly Schemas["SynthesisSection"][];
}

export interface ActivityView {
  active: ActiveSynthesis | null;
  /** How many syntheses have ended since the page was loaded. */
  ended: number;
  /** The last one that ended. */
  last: { theme: string | undefined; status: Schemas["GenerationStatus"]; code: string | undefined } | null;
  /** Dependencies that the service does without now. */
  degraded: readonly Schemas["Dependency"][];
}

/** Between two attempts to cancel while the service cannot be reached. */
const CANCEL_AGAIN_MS = 2_000;

export class Activity {
  readonly view = new Observable<ActivityView>({ active: null, ended: 0, last: null, degraded: [] });

  private readonly cancelling = new Set<string>();

  constructor(private readonly almanac: Almanac) {}

  /** Starts a synthesis and follows it. Fails as the service refuses it. */
  async start(theme: string): Promise<void> {
    const accepted = await this.almanac.post("/themes/{id}/syntheses", { params: { path: { id: theme } } });
    void this.follow(accepted.id, theme);
  }

  /** Cancels the synthesis, as soon as the service can be reached. To cancel one that has ended changes nothing. */
  async cancel(): Promise<void> {
    const { active } = this.view.get();
    if (!active || this.cancelling.has(active.id)) return;
    this.cancelling.add(active.id);
    while (await this.isCancelUnanswered(active.id)) {
      await new Promise((resolve) => setTimeout(resolve, CANCEL_AGAIN_MS));
    }
    this.cancelling.delete(active.id);
  }

  private async isCancelUnanswered(id: string): Promise<boolean> {
    try {
      await this.almanac.post("/jobs/{id}/cancel", { params: { path: { id } } });
      return false;
    } catch (error) {
      // A refusal is an answer: the synthesis is gone, or not theirs, and the list shows what is left.
      return isAlmanacError(error) && error.retryable;
    }
  }

  /** Looks for one that was started elsewhere: in another tab, before a reload, by a schedule. */
  readonly look = async (): Promise<void> => {
    if (this.view.get().active) return;
    try {
      const { data } = await this.almanac.api.GET("/jobs", {
        params: { query: { kind: "synthesis.generate", limit: 1 } },
      });
      if (!data) return;
      this.update({ degraded: data.meta.degraded ?? [] });
      const job = data.data.items.find(({ status }) => status === "pending" || status === "running");
      if (!job || this.view.get().active) return;
      const synthesis = await this.almanac.get("/syntheses/{id}", { params: { path: { id: job.id } } });
      await this.follow(job.id, synthesis.theme_id);
    } catch {
      // Looked for again soon.
    }
  };

  private async follow(id: string, theme: string | undefined): Promise<void> {
    if (this.view.get().active?.id === id) return;
    this.update({ active: { id, theme, percent: 0, step: "init", sections: [] } });
    let ending: ActivityView["last"] = null;
    try {
      for await (const event of this.almanac.stream("/jobs/{id}/events", { params: { path: { id } } })) {
        if (event.type === "progress" && "step" in event && "percent" in event) this.progress(event);
        if (event.type === "section") this.section(event);
        if (event.type === "done" && "synthesis_id" in event) {
          ending = { theme, status: event.status, code: event.error?.code };
        }
      }
    } catch {
      // The list of syntheses shows how it ended.
    }
    this.update({ active: null, ended: this.view.get().ended + 1, last: ending });
  }

  private progress({ percent, step }: { percent: number; step: string }): void {
    const { active } = this.view.get();
    if (active) this.update({ active: { ...active, percent, step } });
  }

  private section(section: Schemas["SynthesisSection"]): void {
    const { active } = this.view.get();
    if (active) this.update({ active: { ...active, sections: [...active.sections, section] } });
  }

  private update(change: Partial<ActivityView>): void {
    this.view.set({ ...this.view.get(), ...change });
  }
}
