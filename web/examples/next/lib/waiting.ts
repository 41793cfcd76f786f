// Says that something waits for Almanac once it has waited for long, and that it has stopped waiting. A short outage is
// never shown, and a long one is shown without a break while attempts begin and fail.

export const LATE_MS = 2_500;

export class Waiting {
  private late = 0;

  constructor(private readonly say: (isAway: boolean) => void) {}

  /** Something begins to wait. Returns what is to be called, once or more often, when it has its answer. */
  begin(): () => void {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      if (++this.late === 1) this.say(true);
    }, LATE_MS);
    return () => {
      clearTimeout(timer);
      if (isLate && --this.late === 0) this.say(false);
      isLate = false;
    };
  }

  async during<T>(work: Promise<T>): Promise<T> {
    return work.finally(this.begin());
  }
}
