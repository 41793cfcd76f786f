// An editor as a component uses it.
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useAlmanac } from "../service";
import { useRefresh, useRetry } from "../use-load";
import type { Shelf, Shown } from "./editor";

export function useEditor<View extends { loadError: unknown }, E extends Shown<View>>(
  shelf: Shelf<E & Shown<View>>,
  id: string,
): [E, View] {
  const almanac = useAlmanac();
  const editor = useMemo(() => shelf.find(almanac, id), [shelf, almanac, id]);
  const view = useSyncExternalStore(editor.view.subscribe, editor.view.get);
  useEffect(() => shelf.enter(almanac, id, editor), [shelf, almanac, id, editor]);
  useRefresh(editor.load);
  useRetry(view.loadError, editor.load);
  return [editor, view];
}
