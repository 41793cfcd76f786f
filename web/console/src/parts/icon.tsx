// Icons: lines on a grid of 20, in the colour of the text. They always stand beside a word or inside a named button.

const PATHS = {
  themes: "M4 5.5h12M4 10h12M4 14.5h7",
  check: "m4.5 10.5 3.5 3.5 7.5-8",
  close: "m5.5 5.5 9 9m0-9-9 9",
  plus: "M10 4.5v11M4.5 10h11",
  warning: "M10 3.5 17 16H3zM10 8v3.5M10 13.9v.1",
  trash: "M4.5 6h11M8 6V4.5h4V6M6 6l.6 9.5h6.8L14 6M8.5 8.75v4M11.5 8.75v4",
  clock: "M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M10 6.5V10l2.5 1.75",
  mail: "M3.5 5.5h13v9h-13zM3.5 6l6.5 5 6.5-5",
  skip: "M5 5.5v9M8 5.5 15.5 10 8 14.5z",
  search: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4M12.75 12.75 16.5 16.5",
  back: "M12 4.5 6.5 10l5.5 5.5",
  up: "m5 12 5-5 5 5",
  down: "m5 8 5 5 5-5",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10 2.5v1.25M10 16.25v1.25M2.5 10h1.25M16.25 10h1.25M4.7 4.7l.9.9M14.4 14.4l.9.9M4.7 15.3l.9-.9M14.4 5.6l.9-.9",
  moon: "M15.75 12.1A6.25 6.25 0 0 1 7.9 4.25a6.25 6.25 0 1 0 7.85 7.85",
  person: "M10 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6M4.5 16c.6-2.6 2.8-4 5.5-4s4.9 1.4 5.5 4",
  feed: "M5 15v.01M5 10.25A4.75 4.75 0 0 1 9.75 15M5 5.5a9.5 9.5 0 0 1 9.5 9.5",
  spark: "M10 3.5 11.6 8.4 16.5 10l-4.9 1.6L10 16.5l-1.6-4.9L3.5 10l4.9-1.6z",
  external: "M8 5H5v10h10v-3M11 4.5h4.5V9M15.25 4.75 9 11",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
