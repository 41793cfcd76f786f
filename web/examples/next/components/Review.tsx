"use client";
// What a new run would change. Nothing changes until it is accepted, and accepting keeps what the person has edited.
import { useLayoutEffect, useRef, useState } from "react";
import type { Changed } from "@/lib/almanac";
import { keysOf, type Review as ReviewState } from "@/lib/calendar-state";

type Accept = (keys?: string[], overwrite?: boolean) => Promise<void>;

interface Props {
  review: ReviewState;
  isRunning: boolean;
  onAccept: Accept;
  onDismiss: () => void;
}

export function Review({ review, isRunning, onAccept: send, onDismiss }: Props) {
  const [isAccepting, setAccepting] = useState(false);
  const isSending = useRef(false);
  const { heading, focusAfter } = useFocusAfter(review);
  // A dry run has no id: there is nothing to accept.
  const canAccept = review.runId !== "" && !isRunning && !isAccepting;
  // A second click comes before the buttons are off.
  const onAccept: Accept = async (...choice) => {
    if (!canAccept || isSending.current) return;
    isSending.current = true;
    setAccepting(true);
    focusAfter(choice[0]);
    await send(...choice).finally(() => {
      isSending.current = false;
      setAccepting(false);
    });
  };
  const { added, updated, removed } = review.diff;
  const count = added.length + updated.length + removed.length;
  return (
    <section className="review" aria-label="Review">
      <div className="row">
        <h2 ref={heading} tabIndex={-1}>
          {count === 0 ? "Nothing left to review" : count === 1 ? "Review: 1 change" : `Review: ${count} changes`}
        </h2>
        {count > 0 && (
          <button type="button" aria-disabled={!canAccept} onClick={() => void onAccept()}>
            Accept all
          </button>
        )}
        <button type="button" className="quiet" onClick={onDismiss}>
          Close review
        </button>
      </div>
      <Group name="New" posts={added} canAccept={canAccept} onAccept={onAccept}>
        {({ conflicts }) =>
          conflicts.includes("deleted") && "You deleted this post: it stays deleted unless you accept this."
        }
      </Group>
      <Group name="Changed" posts={updated} canAccept={canAccept} onAccept={onAccept}>
        {(post) => <Difference post={post} canAccept={canAccept} onAccept={onAccept} />}
      </Group>
      <Group name="Removed" posts={removed} canAccept={canAccept} onAccept={onAccept}>
        {({ conflicts }) => conflicts.length > 0 && "You edited this post: it stays unless you accept this."}
      </Group>
    </section>
  );
}

/** A change that is accepted takes its buttons away, and the focus with them: it goes to the next change, else to the heading. */
function useFocusAfter({ diff }: ReviewState) {
  const heading = useRef<HTMLHeadingElement>(null);
  const candidates = useRef<string[]>([]);
  const focusAfter = (keys = keysOf(diff)) => {
    const all = keysOf(diff);
    const at = all.indexOf(keys[0] ?? "");
    candidates.current = [...all.slice(at), ...all.slice(0, at).reverse()];
  };
  useLayoutEffect(() => {
    // A person who has gone elsewhere stays there.
    if (candidates.current.length === 0 || document.activeElement !== document.body) return;
    const left = candidates.current.find((key) => keysOf(diff).includes(key));
    candidates.current = [];
    const section = heading.current?.closest("section");
    const buttons = [...(section?.querySelectorAll<HTMLElement>("[data-accept]") ?? [])];
    (buttons.find((button) => button.dataset["accept"] === left) ?? heading.current)?.focus();
  }, [diff]);
  return { heading, focusAfter };
}

interface GroupProps<Post> {
  name: string;
  posts: Post[];
  canAccept: boolean;
  onAccept: Accept;
  children: (post: Post) => React.ReactNode;
}

function Group<Post extends { key: string; title?: string }>(props: GroupProps<Post>) {
  const { name, posts, canAccept, onAccept, children } = props;
  if (posts.length === 0) return null;
  return (
    <section aria-label={name}>
      <h3>
        {name} ({posts.length})
      </h3>
      {posts.map((post) => (
        <article key={post.key} className="change" data-testid="change" data-key={post.key} aria-label={post.key}>
          <header>
            <code>{post.key}</code> {post.title !== undefined && <strong>{post.title}</strong>}
          </header>
          {children(post)}
          <button
            type="button"
            data-accept={post.key}
            aria-disabled={!canAccept}
            onClick={() => void onAccept([post.key])}
          >
            Accept
          </button>
        </article>
      ))}
    </section>
  );
}

interface DifferenceProps {
  post: Changed;
  canAccept: boolean;
  onAccept: Accept;
}

function Difference({ post: { key, before, after, changes, conflicts }, canAccept, onAccept }: DifferenceProps) {
  return (
    <>
      <dl>
        {changes.map((field) => (
          <div key={field}>
            <dt>
              {field}
              {conflicts.includes(field) && " (edited by you)"}
            </dt>
            <dd>
              <del>{shown(before[field])}</del> <ins>{shown(after[field])}</ins>
            </dd>
          </div>
        ))}
      </dl>
      {conflicts.length > 0 && (
        <p>
          You edited {conflicts.join(", ")}. Accept keeps your text.{" "}
          <button type="button" className="quiet" aria-disabled={!canAccept} onClick={() => void onAccept([key], true)}>
            Accept and replace my edits
          </button>
        </p>
      )}
    </>
  );
}

function shown(value: string | object[] | string[]): string {
  if (typeof value === "string") return value;
  return value.map((item) => (typeof item === "string" ? item : JSON.stringify(item))).join(" ");
}
