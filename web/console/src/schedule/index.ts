// The schedule of a theme as a component of its own, for any React app on the origin of the service.
export { setLanguage, type Language } from "../i18n";
export { AlmanacContext } from "../service";
export { Schedule, type ScheduleProps } from "./schedule";
