// When the schedule fires next: the time of its zone, or of this browser, and UTC.
import { useCallback } from "react";
import { Problem } from "../parts/problem";
import { useWords } from "../i18n";
import { sentenceOf } from "../errors";
import { useAlmanac } from "../service";
import { dayAndTime, ownZone, relativeTime } from "../time";
import { useLoad, useRefresh } from "../use-load";
import type { Draft } from "./model";

const SHOWN = 5;
const REFRESH_SECONDS = 30;

export function Fires({ themeId, draft, changes }: { themeId: string; draft: Draft; changes: number }) {
  const almanac = useAlmanac();
  const words = useWords();
  const { t, language } = words;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const fires = await almanac.get("/themes/{id}/schedule/preview", { params: { path: { id: themeId } }, signal });
      return fires.items.slice(0, SHOWN);
    },
    [almanac, themeId],
  );
  const { data: fires, error, reload } = useLoad(load, changes);
  useRefresh(reload, REFRESH_SECONDS);
  const zone = draft.zone ?? ownZone();

  return (
    <div className="outlook">
      <h3>{t("schedule.next")}</h3>
      {error !== undefined && <Problem error={error}>{sentenceOf(error, words)}</Problem>}
      {!draft.enabled && <p className="empty">{t("schedule.off")}</p>}
      {draft.enabled && draft.days.length === 0 && <p className="empty">{t("schedule.noDays")}</p>}
      {draft.enabled && draft.days.length > 0 && fires && fires.length > 0 && (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t("schedule.localTime", { zone })}</th>
              <th scope="col">UTC</th>
              <th scope="col" className="wide-only">
                <span className="visually-hidden">{t("schedule.in")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {fires.map(({ fire_at: at }) => (
              <tr key={at}>
                <td>{dayAndTime(at, language, zone)}</td>
                <td className="secondary">{dayAndTime(at, language, "UTC")}</td>
                <td className="secondary wide-only">
                  {new Date(at) <= new Date() ? t("schedule.dueNow") : relativeTime(at, language)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
