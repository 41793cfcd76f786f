// The title of a page, and what is below it. The focus goes to the title of a page that was navigated to.
import { useEffect, useRef, type ReactNode } from "react";
import { Icon } from "../parts/icon";
import { Link } from "../parts/link";
import type { Route } from "../routing";

interface PageProps {
  title: string;
  back?: { to: Route; label: string };
  action?: ReactNode;
  children: ReactNode;
}

let isFirst = true;

/** The next page that is shown was navigated to, although it is the first one. */
export function focusNextPage(): void {
  isFirst = false;
}

export function Page({ title, back, action, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    window.scrollTo(0, 0);
    // Not when the app starts, and not where a field of the page has it already.
    if (!isFirst && !document.activeElement?.matches("input, textarea, select")) heading.current?.focus();
    isFirst = false;
  }, []);
  useEffect(() => {
    document.title = `${title} · Almanac`;
  }, [title]);

  return (
    <div className="page">
      {back && (
        <Link to={back.to} className="page-back">
          <Icon name="back" /> {back.label}
        </Link>
      )}
      <div className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {action}
      </div>
      {children}
    </div>
  );
}
