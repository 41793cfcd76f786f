// A link to another page of the console.
import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { navigate, pathOf, type Route } from "../routing";

type Props = { to: Route } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href" | "onClick">;

export function Link({ to, ...rest }: Props) {
  const follow = (event: MouseEvent) => {
    // A new tab or window is the browser's.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return <a {...rest} href={pathOf(to)} onClick={follow} />;
}
