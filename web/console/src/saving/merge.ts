// What two windows have changed in the same time, put together. Pure.
import { AlmanacError, isAlmanacError } from "@almanac/client";

/** How often a change is put together again with one that was saved elsewhere in between. */
export const MOST_MERGES = 5;

/** The error of a change that was overtaken so often: it is sent again after a pause. */
export function overtaken(error: AlmanacError): AlmanacError {
  const { status, code, message, requestId } = error;
  return new AlmanacError({ status, code, message, requestId, retryable: true, cause: error });
}

/** Whether the service has a newer version than the one that a change was made on. */
export function isOutdated(error: unknown): error is AlmanacError {
  return isAlmanacError(error) && error.code === "PRECONDITION_FAILED";
}

export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** One value: what only one side has changed is theirs; what both have changed is `mine`. */
export function mergedValue<T>(base: T, mine: T, theirs: T): T {
  return isSame(mine, base) ? theirs : mine;
}

/** A list without repetition: items that one side has added are in it, items that one side has removed are not. The order
 * is that of the side that has changed it, else mine. */
export function mergedList<T>(base: readonly T[], mine: readonly T[], theirs: readonly T[]): T[] {
  if (isSame(mine, base)) return [...theirs];
  const isTheirOrder = isReordered(base, theirs) && !isReordered(base, mine);
  const [first, second] = isTheirOrder ? [theirs, mine] : [mine, theirs];
  const kept = first.filter((item) => second.includes(item) || !base.includes(item));
  const added = second.filter((item) => !base.includes(item) && !first.includes(item));
  return [...kept, ...added];
}

/** Whether both sides have changed the order, and not to the same. */
export function isOrderContested<T>(base: readonly T[], mine: readonly T[], theirs: readonly T[]): boolean {
  return isReordered(base, mine) && isReordered(base, theirs) && isReordered(mine, theirs);
}

/** Whether the items of both lists stand in another order. */
function isReordered<T>(one: readonly T[], other: readonly T[]): boolean {
  return !isSame(
    one.filter((item) => other.includes(item)),
    other.filter((item) => one.includes(item)),
  );
}
