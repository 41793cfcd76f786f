"use client";
import { useEffect, useState } from "react";
import { almanac, type Problem } from "@/lib/almanac";
import type { CalendarState } from "@/lib/calendar-state";

const DEGRADED: Record<string, string> = {
  storage: "Almanac cannot store anything right now.",
  live: "Live updates arrive a second late right now.",
};

export function Notices({ state, onOpen }: { state: CalendarState; onOpen: (jobId: string) => void }) {
  const { run, degraded, notice, problem, isAway } = state;
  const cancelProblem = run?.isOver === false ? run.cancelProblem : undefined;
  return (
    <div className="notices">
      <StalePage />
      {isAway && (
        <p role="status" className="banner" data-testid="away">
          Almanac cannot be reached right now. This page keeps trying.
        </p>
      )}
      {run?.writer === "legacy" && (
        <p role="status" className="banner" data-testid="legacy">
          <strong>Without Almanac.</strong> Almanac is off or cannot be reached: these posts come from this app&apos;s
          own generator, which writes English only, and are not saved.
        </p>
      )}
      {run?.writer === "dry_run" && (
        <p role="status" className="banner dry-run" data-testid="dry-run">
          <strong>Dry run.</strong>{" "}
          {run.isRegeneration ? "Your posts stay as they are." : "These are placeholders, and nothing of them is kept."}
        </p>
      )}
      {degraded.length > 0 && (
        <p role="status" className="banner" data-testid="degraded">
          <strong>Degraded.</strong> {degraded.map((what) => DEGRADED[what] ?? what).join(" ")}
        </p>
      )}
      {problem && <Alert problem={problem} onOpen={onOpen} />}
      {cancelProblem && <Alert problem={cancelProblem} onOpen={onOpen} />}
      <p role="status" className={notice === undefined ? undefined : "banner"} data-testid="notice">
        {notice}
      </p>
    </div>
  );
}

function Alert({ problem, onOpen }: { problem: Problem; onOpen: (jobId: string) => void }) {
  return (
    <div role="alert" className="banner problem">
      <p>{problem.message}</p>
      {problem.activeJob !== undefined && (
        <button type="button" onClick={onOpen.bind(null, problem.activeJob)}>
          Open it
        </button>
      )}
      {problem.signIn === true && <SignInLink />}
      <details>
        <summary>Details</summary>
        <code>{problem.details}</code>
      </details>
    </div>
  );
}

/** Comes back to what the address shows now. */
function SignInLink() {
  const back = typeof window === "undefined" ? "/" : window.location.pathname + window.location.search;
  return <a href={`/sign-in?back=${encodeURIComponent(back)}`}>Sign in again</a>;
}

const CHECK_EVERY_MS = 5 * 60_000;

/** The service may be newer than a page that has been open for days: looks now, later, and when the person comes back. */
function StalePage() {
  const [isStale, setStale] = useState(false);
  useEffect(() => {
    const check = () => {
      if (document.visibilityState !== "visible") return;
      almanac.checkVersion().then(
        ({ stale }) => {
          setStale(stale);
        },
        () => undefined,
      );
    };
    check();
    const timer = setInterval(check, CHECK_EVERY_MS);
    document.addEventListener("visibilitychange", check);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", check);
    };
  }, []);
  if (!isStale) return null;
  return (
    <p role="status" className="banner">
      This page is older than Almanac.{" "}
      <button
        type="button"
        onClick={() => {
          window.location.reload();
        }}
      >
        Reload
      </button>
    </p>
  );
}
