// Idempotency keys of requests that the service has, or may have, accepted. A request with such a key is never answered by
// anything else, so that nothing is made twice. Held by this process, for as many keys as it has room for, and by the
// store of the app if it has one.

const KEYS = 1_000;
/** As long as the service keeps a key. */
const DAY_MS = 86_400_000;

/** A store that takes longer counts as failed: a person waits for the request. */
const STORE_MS = 1_000;

/** Keys for all instances of an app, each a text of 64 hexadecimal digits that says nothing. */
export interface SentKeysStore {
  /** Whether any instance has added the key within 24 hours. */
  has(key: string): boolean | Promise<boolean>;
  /** Keeps the key for 24 hours. The request is sent once this has resolved, so other instances must see the key then. */
  add(key: string): void | Promise<void>;
}

export class SentKeys {
  /** By digest of caller, route and key, the oldest first. */
  private readonly until = new Map<string, number>();
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(private readonly store?: SentKeysStore) {}

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

  /** `undefined` if the store fails: another instance may have sent the request. */
  async has(key: string): Promise<boolean | undefined> {
    if ((this.until.get(key) ?? 0) > Date.now()) return true;
    const { store } = this;
    if (store === undefined) return false;
    // A store in JavaScript may answer as Redis does, with a number.
    const found: unknown = await settled(() => store.has(key));
    return found === undefined ? undefined : Boolean(found);
  }

  /** Forgets a key of this process. It stays in the store: another instance may have sent it too. */
  delete(key: string): void {
    this.until.delete(key);
  }

  /** A failing store does not keep the request from being sent. */
  async add(key: string): Promise<void> {
    const { store } = this;
    this.remember(key);
    if (store !== undefined) await settled(() => store.add(key));
  }

  private remember(key: string): void {
    this.until.delete(key);
    this.until.set(key, Date.now() + DAY_MS);
    for (const oldest of this.until.keys()) {
      if (this.until.size <= KEYS) break;
      this.until.delete(oldest);
    }
  }
}

/** Nothing if it fails or takes too long. */
async function settled<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, STORE_MS);
  });
  try {
    return await Promise.race([work(), limit]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
