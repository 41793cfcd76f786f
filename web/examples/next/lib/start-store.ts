// Unanswered starts: in the browser's storage, which all tabs share and a reload leaves. A storage that throws, in a private
// window or because it is full, leaves them to the page.

export interface Start {
  /** Idempotency key. */
  key: string;
  /** When it was made, in milliseconds. */
  at: number;
}

/** The service keeps a key for so long. */
const KEPT_MS = 24 * 60 * 60_000;
const PREFIX = "almanac-start:";

export class StartStore {
  private readonly memory = new Map<string, string>();

  constructor(private readonly storage: () => Storage) {}

  find(name: string): Start | undefined {
    const text = this.try((storage) => storage.getItem(PREFIX + name)) ?? this.memory.get(name);
    return text == null ? undefined : startIn(text);
  }

  put(name: string, start: Start): void {
    const text = JSON.stringify(start);
    this.memory.set(name, text);
    this.try((storage) => {
      storage.setItem(PREFIX + name, text);
    });
  }

  remove(name: string): void {
    this.memory.delete(name);
    this.try((storage) => {
      storage.removeItem(PREFIX + name);
    });
  }

  /** The names of all starts; removes those whose key the service has forgotten. */
  names(): string[] {
    const all = new Set([...this.memory.keys(), ...(this.try(namesIn) ?? [])]);
    return [...all].filter((name) => {
      const isKept = this.find(name) !== undefined;
      if (!isKept) this.remove(name);
      return isKept;
    });
  }

  private try<T>(use: (storage: Storage) => T): T | undefined {
    try {
      return use(this.storage());
    } catch {
      return undefined;
    }
  }
}

function namesIn(storage: Storage): string[] {
  const all = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? "");
  return all.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
}

function startIn(text: string): Start | undefined {
  try {
    const { key, at } = JSON.parse(text) as Partial<Start>;
    return typeof key === "string" && typeof at === "number" && at > Date.now() - KEPT_MS ? { key, at } : undefined;
  } catch {
    return undefined;
  }
}
