// Creates a theme once, although the answer may be lost and the person may change the draft before she tries again.
import { isAlmanacError, newIdempotencyKey, type Almanac, type AlmanacError } from "@almanac/client";
import { isSame } from "../saving/merge";
import type { Values } from "./model";

interface Attempt {
  key: string;
  values: Values;
}

export class Creation {
  /** A request whose outcome is not known. */
  private unanswered: Attempt | undefined;

  /** Returns the id of the theme. */
  async create(almanac: Almanac, values: Values): Promise<string> {
    this.unanswered ??= { key: newIdempotencyKey(), values };
    const { key, values: body } = this.unanswered;
    const header = { "Idempotency-Key": key };
    const { id } = await this.settle(almanac.post("/themes", { params: { header }, body }), isRefusal);
    if (!isSame(body, values)) {
      await this.settle(almanac.patch("/themes/{id}", { params: { path: { id } }, body: values }), isGone);
    }
    this.unanswered = undefined;
    return id;
  }

  /** Forgets the request if an error says that it has made no theme, or that there is none any more. */
  private async settle<T>(call: Promise<T>, isFinal: (error: AlmanacError) => boolean): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (isAlmanacError(error) && isFinal(error)) this.unanswered = undefined;
      throw error;
    }
  }
}

function isRefusal({ status, retryable }: AlmanacError): boolean {
  return status >= 400 && status < 500 && !retryable;
}

function isGone({ status }: AlmanacError): boolean {
  return status === 404;
}
