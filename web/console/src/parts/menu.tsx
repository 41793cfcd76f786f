// A button with a panel below it. Esc and a click elsewhere close the panel.
import { useEffect, useId, useRef, useState, type ReactNode } from "react";

interface MenuProps {
  label: string;
  button: ReactNode;
  children: ReactNode;
}

export function Menu({ label, button, children }: MenuProps) {
  const [isOpen, setIsOpen] = useState(false);
  const panelId = useId();
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!isOpen) return;
    const close = (event: Event) => {
      if (!(event.target instanceof Node && root.current?.contains(event.target))) setIsOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setIsOpen(false);
      opener.current?.focus();
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("focusin", close);
    document.addEventListener("keydown", escape, true);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("focusin", close);
      document.removeEventListener("keydown", escape, true);
    };
  }, [isOpen]);

  return (
    <div className="menu" ref={root}>
      <button
        type="button"
        className="button button-quiet button-icon"
        aria-label={label}
        title={label}
        aria-expanded={isOpen}
        aria-controls={panelId}
        ref={opener}
        onClick={() => {
          setIsOpen((known) => !known);
        }}
      >
        {button}
      </button>
      {isOpen && (
        <div className="menu-panel" id={panelId}>
          {children}
        </div>
      )}
    </div>
  );
}
