/** PURE. Switch inhibitors: critical components that a running system cannot change, by the toplevels' own lists. */
import { z } from "zod";

const Inhibitors = z.record(z.string().max(256), z.string().max(4096));
type Inhibitors = z.infer<typeof Inhibitors>;

/** As much of a list as is read. */
export const maxInhibitorBytes = 1 << 20;

const listName = "components listed in the older form";

/** Of the text of `switch-inhibitors`; no file is an empty list. Null for one that is there but says nothing readable. */
function parseInhibitors(text: string | null): Inhibitors | null {
  if (text === null) return {};
  return text.trimStart().startsWith("{") ? parseMap(text) : parseList(text);
}

/** Names present in both lists with another value. Null when a list is there but unreadable. */
export function differingInhibitors(running: string | null, wanted: string | null): string[] | null {
  const [from, to] = [parseInhibitors(running), parseInhibitors(wanted)];
  if (from === null || to === null) return null;
  return Object.keys(to).filter((name) => from[name] !== undefined && from[name] !== to[name]);
}

function parseMap(text: string): Inhibitors | null {
  try {
    return Inhibitors.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The first form of the file: one component a line, all of it one word that must not change. */
function parseList(text: string): Inhibitors {
  const lines = text.split("\n").map((line) => line.trim());
  return {
    [listName]: lines
      .filter((line) => line !== "")
      .toSorted()
      .join(" "),
  };
}
