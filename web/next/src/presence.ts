// The client's presence: nothing is waited for once it has left.

/** The outcome of work, as long as the client is there. @throws the signal's reason when it leaves */
export async function whilePresent<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let leave: () => void = () => undefined;
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      reject(signal.reason as Error);
    };
  });
  signal.addEventListener("abort", leave);
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
