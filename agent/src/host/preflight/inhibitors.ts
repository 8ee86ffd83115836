/** SHELL. Switch inhibitors: critical components that a running system cannot change, by the toplevels' own lists. */
import { existsSync, readFileSync } from "node:fs";
import type { StorePath } from "@chimera/proto/names";
import { z } from "zod";

const Inhibitors = z.record(z.string().max(256), z.string().max(4096));

const maxBytes = 1 << 20;
const listName = "components listed in the older form";

/** Names present in both lists with another value. Null when a list is there but unreadable. */
export function compareInhibitors(running: StorePath, wanted: StorePath): string[] | null {
  const [from, to] = [readInhibitors(running), readInhibitors(wanted)];
  if (from === null || to === null) return null;
  return Object.keys(to).filter((name) => from[name] !== undefined && from[name] !== to[name]);
}

function readInhibitors(toplevel: StorePath): Record<string, string> | null {
  const file = `${toplevel}/switch-inhibitors`;
  if (!existsSync(file)) return {};
  const text = readFileSync(file, "utf8").slice(0, maxBytes);
  return text.trimStart().startsWith("{") ? readMap(text) : readList(text);
}

function readMap(text: string): Record<string, string> | null {
  try {
    return Inhibitors.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The first form of the file: one component a line, all of it one word that must not change. */
function readList(text: string): Record<string, string> {
  const lines = text.split("\n").map((line) => line.trim());
  return {
    [listName]: lines
      .filter((line) => line !== "")
      .toSorted()
      .join(" "),
  };
}
