// What the page would lose if it were closed now. The browser asks before it closes such a page; what can still be sent is
// sent when it does.

interface Guard {
  isUnsaved: () => boolean;
  /** Sends now what waits; resolves when it has arrived or failed. */
  flush?: () => Promise<void>;
}

const guards = new Set<Guard>();

/** Returns how to remove it. */
export function guardUnsaved(guard: Guard): () => void {
  guards.add(guard);
  return () => {
    guards.delete(guard);
  };
}

export function hasUnsaved(): boolean {
  return [...guards].some(({ isUnsaved }) => isUnsaved());
}

export async function flushAll(): Promise<void> {
  await Promise.allSettled([...guards].map(async ({ flush }) => flush?.()));
}

/** The person agreed to lose it. */
export function discardUnsaved(): void {
  guards.clear();
}

if (typeof window !== "undefined") {
  window.addEventListener("beforeunload", (event) => {
    if (hasUnsaved()) event.preventDefault();
  });
  window.addEventListener("pagehide", () => void flushAll());
}
