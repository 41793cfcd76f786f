// The app: a session, and the page of the address inside of the frame.
import { isAlmanacError, type Almanac, type Schemas } from "@almanac/client";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { AppContext, type AppState } from "./app-state";
import { Frame } from "./frame/frame";
import { Page, focusNextPage } from "./frame/page";
import { useWords } from "./i18n";
import { sentenceOf } from "./errors";
import { Announcements } from "./parts/announce";
import { Link } from "./parts/link";
import { Problem } from "./parts/problem";
import { Slow } from "./parts/slow";
import { useRoute } from "./routing";
import type { Observable } from "./saving/observable";
import { discardUnsaved, flushAll, hasUnsaved } from "./saving/unsaved";
import { AlmanacContext } from "./service";
import type { Gate } from "./session/gate";
import { SignIn } from "./session/sign-in";
import { userOf } from "./session/token";
import { Activity } from "./syntheses/activity";
import { SynthesisPage } from "./syntheses/synthesis-page";
import { NewThemePage } from "./themes/new-theme-page";
import { Removals } from "./themes/removals";
import { ThemePage } from "./themes/theme-page";
import { ThemesPage } from "./themes/themes-page";
import { useRefresh, useRetry } from "./use-load";

type Session = Schemas["SessionResponse"];

/** Between two looks at whether the person is signed in again. */
const LOOK_SECONDS = 5;

/** Longest pause that a timer of a browser can wait. */
const LONGEST_TIMER_MS = 2_147_483_647;

export function App({ almanac, gate }: { almanac: Almanac; gate: Gate }) {
  /** Undefined while it is not known, null if no person is signed in. */
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);

  const begin = useCallback(
    (begun: Session) => {
      gate.admit(begun.userId);
      setSession(begun);
    },
    [gate],
  );

  useEffect(() => {
    almanac.get("/session").then(begin, (refusal: unknown) => {
      if (isAlmanacError(refusal) && refusal.status === 401) setSession(null);
      else setError(refusal);
    });
  }, [almanac, begin, attempt]);

  const retry = useCallback(() => {
    setError(undefined);
    setAttempt((count) => count + 1);
  }, []);
  useRetry(error, retry);

  return (
    <AlmanacContext value={almanac}>
      {session && <SignedIn almanac={almanac} gate={gate} session={session} onSession={begin} />}
      {session === null && (
        <main>
          <SignIn
            reason="first"
            isSlow={gate.isSlow}
            onSignedIn={(begun) => {
              focusNextPage();
              begin(begun);
            }}
          />
        </main>
      )}
      {session === undefined && error === undefined && <Loading isSlow={gate.isSlow} />}
      {session === undefined && error !== undefined && <NotReached error={error} onRetry={retry} />}
      <Announcements />
    </AlmanacContext>
  );
}

function Loading({ isSlow }: { isSlow: Observable<boolean> }) {
  const { t } = useWords();
  return (
    <div role="status">
      <Slow isSlow={isSlow} />
      <p className="not-reached status-quiet status-late">{t("loading")}</p>
    </div>
  );
}

function NotReached({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const words = useWords();
  return (
    <main className="not-reached">
      <Problem error={error} onRetry={onRetry}>
        {sentenceOf(error, words)}
      </Problem>
    </main>
  );
}

interface SignedInProps {
  almanac: Almanac;
  gate: Gate;
  session: Session;
  onSession: (session: Session) => void;
}

function SignedIn({ almanac, gate, session, onSession }: SignedInProps) {
  const { t } = useWords();
  const [app] = useState<AppState>(() => ({
    activity: new Activity(almanac),
    removals: new Removals(almanac),
    isSlow: gate.isSlow,
  }));
  const closed = useSyncExternalStore(gate.closed.subscribe, gate.closed.get);
  const isClosed = closed !== null;
  const dialog = useRef<HTMLDialogElement>(null);
  /** Whether the person has agreed to go on as the one whose token is sent. */
  const isAgreed = useRef(false);

  useEffect(() => {
    const left = new Date(session.expiresAt).getTime() - Date.now();
    const timer = setTimeout(
      () => {
        gate.close();
      },
      Math.min(Math.max(left, 0), LONGEST_TIMER_MS),
    );
    return () => {
      clearTimeout(timer);
    };
  }, [gate, session]);
  // Before the form of the dialog takes the focus.
  useLayoutEffect(() => {
    if (isClosed) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isClosed]);

  /** Asked before the sign-in, which replaces the cookie of this page's person. */
  const mayUse = (token: string): boolean => {
    const user = userOf(token);
    const isOther = user !== undefined && user !== session.userId.toLowerCase();
    isAgreed.current = isOther && agreesToLose();
    return !isOther || isAgreed.current;
  };

  const again = (renewed: Session) => {
    // Nothing of one person is shown to another, or saved in their name.
    if (renewed.userId !== session.userId) {
      if (isAgreed.current) reloadWithout();
      else goOnAsOther();
      return;
    }
    onSession(renewed);
    gate.open();
  };

  const goOnAsOther = () => {
    if (agreesToLose()) reloadWithout();
  };

  const agreesToLose = (): boolean => {
    // What waits to be sent, such as a removal that can be undone, waits for the sign-in now, and would be lost too.
    void flushAll();
    return !hasUnsaved() || confirm(t("signIn.unsaved"));
  };

  // The person may sign in again in another tab.
  const look = useCallback(() => {
    if (gate.closed.get() === null) return;
    almanac.get("/session").then(
      (found) => {
        if (found.userId !== session.userId || new Date(found.expiresAt).getTime() <= Date.now()) return;
        onSession(found);
        gate.open();
      },
      () => undefined,
    );
  }, [almanac, gate, session, onSession]);
  useRefresh(look, LOOK_SECONDS);

  const signOut = async () => {
    await flushAll();
    if (hasUnsaved() && !confirm(t("account.unsaved"))) return;
    await almanac.delete("/session").catch(() => undefined);
    reloadWithout();
  };

  return (
    <AppContext value={app}>
      <Frame session={session} onSignOut={() => void signOut()}>
        <Pages />
      </Frame>
      <dialog
        className="sign-in-again"
        ref={dialog}
        aria-label={t(closed === "other-user" ? "signIn.other" : "signIn.again")}
        onCancel={(event) => {
          event.preventDefault();
        }}
      >
        {closed !== null && (
          <SignIn reason={closed} isSlow={gate.isSlow} mayUse={mayUse} onSignedIn={again}>
            {closed === "other-user" && (
              <button type="button" className="button button-block" onClick={goOnAsOther}>
                {t("signIn.goOnAsOther")}
              </button>
            )}
          </SignIn>
        )}
      </dialog>
    </AppContext>
  );
}

/** Starts again without anything that belongs to the last person. */
function reloadWithout(): void {
  discardUnsaved();
  location.reload();
}

function Pages() {
  const { t } = useWords();
  const route = useRoute();
  switch (route.page) {
    case "themes":
      return <ThemesPage key="themes" />;
    case "new-theme":
      return <NewThemePage key="new" />;
    case "theme":
      return <ThemePage key={route.theme} theme={route.theme} />;
    case "synthesis":
      return <SynthesisPage key={route.synthesis} theme={route.theme} id={route.synthesis} />;
    case "unknown":
      return (
        <Page key="unknown" title={t("unknown.title")}>
          <p className="secondary">{t("unknown.text")}</p>
          <p>
            <Link to={{ page: "themes" }}>{t("themes.title")}</Link>
          </p>
        </Page>
      );
  }
}
