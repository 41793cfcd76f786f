// The time of day, in UTC or in a zone that is chosen beside it.
import type { ScheduleResponse } from "@almanac/client";
import { useId, useMemo } from "react";
import { Conflict } from "../parts/conflict";
import { useWords } from "../i18n";
import { ownZone } from "../time";
import type { ScheduleEditor } from "./editor";
import { timeText, type Draft } from "./model";
import { cityOf, zonesByRegion } from "./zones";

interface TimeProps {
  draft: Draft;
  stored: ScheduleResponse | null;
  editor: ScheduleEditor;
}

export function Time({ draft, stored, editor }: TimeProps) {
  const { t } = useWords();
  const [inputId, problemId, zoneId] = [useId(), useId(), useId()];
  const label = draft.zone === null ? t("schedule.time") : t("schedule.timeIn", { zone: draft.zone });

  return (
    <div className="field-row">
      <div className="field">
        <label className="label" htmlFor={inputId}>
          {label}
        </label>
        <input
          id={inputId}
          className="input schedule-time"
          inputMode="numeric"
          autoComplete="off"
          placeholder="09:00"
          value={draft.timeText}
          aria-invalid={draft.isTimeWrong}
          aria-describedby={draft.isTimeWrong ? problemId : undefined}
          onChange={(event) => {
            editor.typeTime(event.target.value);
          }}
          onBlur={() => {
            editor.commitTime();
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") editor.commitTime();
          }}
        />
        {draft.isTimeWrong && (
          <p className="field-problem" id={problemId}>
            {t("schedule.timeInvalid", { time: draft.time })}
          </p>
        )}
      </div>
      <div className="field field-grow">
        <label className="label" htmlFor={zoneId}>
          {t("schedule.zone")}
        </label>
        <Zones
          id={zoneId}
          zone={draft.zone}
          onChoose={(zone) => {
            editor.setZone(zone);
          }}
        />
      </div>
      {stored && draft.isTimeContested && (
        <Conflict
          saved={timeText(stored)}
          focus={inputId}
          onKeepMine={() => {
            editor.keepMyTime();
          }}
          onUseSaved={() => {
            editor.useSavedTime();
          }}
        />
      )}
    </div>
  );
}

const UTC = "UTC";

function Zones({ id, zone, onChoose }: { id: string; zone: string | null; onChoose: (zone: string | null) => void }) {
  const { t } = useWords();
  const own = ownZone();
  const regions = useMemo(() => zonesByRegion(), []);
  const isListed = zone === null || regions.some(([, zones]) => zones.includes(zone));

  return (
    <select
      id={id}
      className="input select"
      value={zone ?? UTC}
      onChange={({ target }) => {
        onChoose(target.value === UTC ? null : target.value);
      }}
    >
      <option value={UTC}>UTC</option>
      {own !== UTC && <option value={own}>{t("schedule.ownZone", { zone: own })}</option>}
      {!isListed && <option value={zone}>{zone}</option>}
      {regions.map(([region, zones]) => (
        <optgroup key={region} label={region}>
          {zones
            .filter((each) => each !== own)
            .map((each) => (
              <option key={each} value={each}>
                {cityOf(each)}
              </option>
            ))}
        </optgroup>
      ))}
    </select>
  );
}
