"use client";
// One calendar: the form, what is being written, what is saved, and what a new run would change.
import { useLayoutEffect, useRef } from "react";
import { actFor } from "@/lib/almanac";
import { useCalendar } from "@/lib/use-calendar";
import { Days } from "./Days";
import { Notices } from "./Notices";
import { Progress } from "./Progress";
import { RequestForm } from "./RequestForm";
import { Review } from "./Review";

interface Props {
  user: string | undefined;
  calendarId: string | undefined;
  runId: string | undefined;
}

export function CalendarPage({ user, calendarId, runId }: Props) {
  // Before the effect that loads the calendar.
  useLayoutEffect(() => {
    actFor(user);
  }, [user]);
  const [state, actions] = useCalendar(user, calendarId, runId);
  const title = useRef<HTMLHeadingElement>(null);
  const dismiss = () => {
    actions.dismiss();
    // The button that has the focus goes away with the review.
    title.current?.focus();
  };
  const { saved, run, review, request, problem } = state;
  const isRunning = run !== undefined && !run.isOver;
  const isLoading = calendarId !== undefined && state.loads === 0 && problem === undefined;
  return (
    <>
      <Notices state={state} onOpen={actions.open} />
      {!isLoading && (
        <RequestForm
          key={state.loads}
          request={request}
          calendarId={state.calendarId}
          isRunning={isRunning}
          onGenerate={actions.generate}
        />
      )}
      {isRunning && <Progress run={run} onCancel={actions.cancel} />}
      {review && <Review review={review} isRunning={isRunning} onAccept={actions.accept} onDismiss={dismiss} />}
      {state.title !== null && (
        <h2 ref={title} tabIndex={-1}>
          {state.title}
        </h2>
      )}
      <Days calendarId={state.calendarId} saved={saved} run={run} onSaved={actions.onSaved} />
    </>
  );
}
