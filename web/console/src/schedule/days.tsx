// Seven buttons, one for each day. The group is one stop of the Tab key; arrows move inside of it.
import { useId, useRef, useState, type KeyboardEvent } from "react";
import { useWords } from "../i18n";
import { DAYS, type Day } from "./model";

const LETTERS = {
  mon: "schedule.dayMon",
  tue: "schedule.dayTue",
  wed: "schedule.dayWed",
  thu: "schedule.dayThu",
  fri: "schedule.dayFri",
  sat: "schedule.daySat",
  sun: "schedule.daySun",
} as const satisfies Record<Day, string>;

export function Days({ chosen, onToggle }: { chosen: readonly Day[]; onToggle: (day: Day) => void }) {
  const { t } = useWords();
  const labelId = useId();
  const group = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(() =>
    Math.max(
      0,
      DAYS.findIndex((day) => chosen.includes(day)),
    ),
  );

  const move = (event: KeyboardEvent) => {
    const target = targetOf(event.key, current);
    if (target === undefined) return;
    event.preventDefault();
    setCurrent(target);
    group.current?.querySelectorAll("button")[target]?.focus();
  };

  return (
    <div className="field">
      <span className="label" id={labelId}>
        {t("schedule.days")}
      </span>
      <div className="days" role="group" aria-labelledby={labelId} ref={group} onKeyDown={move}>
        {DAYS.map((day, index) => (
          <button
            key={day}
            type="button"
            className="day"
            aria-label={t(`day.${day}`)}
            aria-pressed={chosen.includes(day)}
            title={t(`day.${day}`)}
            tabIndex={index === current ? 0 : -1}
            onFocus={() => {
              setCurrent(index);
            }}
            onClick={() => {
              onToggle(day);
            }}
          >
            {t(LETTERS[day])}
          </button>
        ))}
      </div>
    </div>
  );
}

function targetOf(key: string, current: number): number | undefined {
  const last = DAYS.length - 1;
  switch (key) {
    case "ArrowRight":
    case "ArrowDown":
      return current === last ? 0 : current + 1;
    case "ArrowLeft":
    case "ArrowUp":
      return current === 0 ? last : current - 1;
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return undefined;
  }
}
