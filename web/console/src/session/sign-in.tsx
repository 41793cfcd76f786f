// Signing in with a token of the identity provider. The token goes to the service, which answers with a cookie that no
// script can read; it is kept nowhere else.
import { AlmanacError, isAlmanacError, type Schemas } from "@almanac/client";
import { useEffect, useId, useRef, useState, type ReactNode, type SubmitEvent } from "react";
import { ColorScheme, Languages, Mark } from "../frame/frame";
import { Problem } from "../parts/problem";
import { Slow } from "../parts/slow";
import { useWords } from "../i18n";
import { sentenceOf } from "../errors";
import type { Observable } from "../saving/observable";
import { useAlmanac } from "../service";
import type { Closed } from "./gate";

interface SignInProps {
  /** Anything but `first` while the person is at work. */
  reason: "first" | Closed;
  /** Whether the service does not answer. */
  isSlow: Observable<boolean>;
  /** Whether the token may be sent; without it, any may. */
  mayUse?: (token: string) => boolean;
  onSignedIn: (session: Schemas["SessionResponse"]) => void;
  /** Below the button. */
  children?: ReactNode;
}

const TITLES = { first: "signIn.title", ended: "signIn.again", "other-user": "signIn.other" } as const;
const HINTS = { first: "signIn.hint", ended: "signIn.againHint", "other-user": "signIn.otherHint" } as const;
/** The characters that a header takes. */
const TOKEN = /^[\x21-\x7e]+$/;
/** No valid token; the head of the request was too large. */
const REFUSED = new Set([401, 431]);

export function SignIn({ reason, isSlow, mayUse, onSignedIn, children }: SignInProps) {
  const almanac = useAlmanac();
  const words = useWords();
  const { t } = words;
  const tokenId = useId();
  const input = useRef<HTMLInputElement>(null);
  const [token, setToken] = useState("");
  const [isSending, setIsSending] = useState(false);
  const [error, setError] = useState<unknown>();

  useEffect(() => {
    input.current?.focus();
  }, []);

  const send = async () => {
    const bearer = token.trim().replace(/^Bearer\s+/i, "");
    if (mayUse && !mayUse(bearer)) return;
    setIsSending(true);
    setError(undefined);
    try {
      if (!TOKEN.test(bearer)) throw new AlmanacError({ status: 401, code: "INVALID_TOKEN", message: "not a token" });
      const session = await almanac.post("/session", { headers: { Authorization: `Bearer ${bearer}` } });
      setToken("");
      setIsSending(false);
      onSignedIn(session);
    } catch (refusal) {
      setIsSending(false);
      setError(refusal);
      input.current?.focus();
    }
  };

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (token.trim() !== "") void send();
  };

  const isRefused = isAlmanacError(error) && REFUSED.has(error.status);
  return (
    <div className="sign-in">
      <div className="sign-in-bar">
        <Languages />
        <ColorScheme />
      </div>
      <form className="sign-in-form" onSubmit={submit}>
        <Mark />
        <h1>{t(TITLES[reason])}</h1>
        <p className="secondary">{t(HINTS[reason])}</p>
        <div className="field">
          <label className="label" htmlFor={tokenId}>
            {t("signIn.token")}
          </label>
          <input
            id={tokenId}
            className="input"
            type="password"
            autoComplete="off"
            spellCheck={false}
            required
            ref={input}
            value={token}
            aria-invalid={isRefused}
            onChange={(event) => {
              setToken(event.target.value);
            }}
          />
        </div>
        {error !== undefined && (
          <Problem error={error}>{isRefused ? t("signIn.refused") : sentenceOf(error, words)}</Problem>
        )}
        <div role="status">{isSending && <Slow isSlow={isSlow} />}</div>
        <button type="submit" className="button button-primary button-block" disabled={isSending}>
          {t(isSending ? "signIn.sending" : "signIn.send")}
        </button>
        {children}
      </form>
    </div>
  );
}
