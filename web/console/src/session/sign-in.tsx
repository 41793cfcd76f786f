// Signing in with a token of the identity provider. The token goes to the service, which answers with a cookie that no
// script can read; it is kept nowhere else.
import { isAlmanacError, type Schemas } from "@almanac/client";
import { useEffect, useId, useRef, useState, type SubmitEvent } from "react";
import { ColorScheme, Languages, Mark } from "../frame/frame";
import { Problem } from "../parts/problem";
import { useWords } from "../i18n";
import { sentenceOf } from "../errors";
import { useAlmanac } from "../service";

interface SignInProps {
  /** Whether a session has ended while the person was at work. */
  isAgain: boolean;
  onSignedIn: (session: Schemas["SessionResponse"]) => void;
}

export function SignIn({ isAgain, onSignedIn }: SignInProps) {
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
    setIsSending(true);
    setError(undefined);
    try {
      const bearer = token.trim().replace(/^Bearer\s+/i, "");
      const session = await almanac.post("/session", { headers: { Authorization: `Bearer ${bearer}` } });
      setToken("");
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

  const isRefused = isAlmanacError(error) && error.status === 401;
  return (
    <div className="sign-in">
      <div className="sign-in-bar">
        <Languages />
        <ColorScheme />
      </div>
      <form className="sign-in-form" onSubmit={submit}>
        <Mark />
        <h1>{t(isAgain ? "signIn.again" : "signIn.title")}</h1>
        <p className="secondary">{t(isAgain ? "signIn.againHint" : "signIn.hint")}</p>
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
        <button type="submit" className="button button-primary button-block" disabled={isSending}>
          {t(isSending ? "signIn.sending" : "signIn.send")}
        </button>
      </form>
    </div>
  );
}
