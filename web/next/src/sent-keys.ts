// Idempotency keys of requests that the service has, or may have, accepted. A request with such a key is never answered by
// anything else, so that nothing is made twice. Held by this process only, for as many keys as it has room for.

const KEYS = 1_000;
/** As long as the service keeps a key. */
const DAY_MS = 86_400_000;

export class SentKeys {
  /** By digest of caller, route and key, the oldest first. */
  private readonly until = new Map<string, number>();
  private readonly turns = new Map<string, Promise<unknown>>();

  /** Requests with one key follow each other: what became of the first decides how the second may be answered. */
  async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.turns.get(key) ?? Promise.resolve()).then(work);
    const ended = turn.catch(() => undefined);
    this.turns.set(key, ended);
    try {
      return await turn;
    } finally {
      if (this.turns.get(key) === ended) this.turns.delete(key);
    }
  }

  has(key: string): boolean {
    return (this.until.get(key) ?? 0) > Date.now();
  }

  delete(key: string): void {
    this.until.delete(key);
  }

  add(key: string): void {
    this.until.delete(key);
    this.until.set(key, Date.now() + DAY_MS);
    for (const oldest of this.until.keys()) {
      if (this.until.size <= KEYS) break;
      this.until.delete(oldest);
    }
  }
}
