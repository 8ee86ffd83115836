/** SHELL. Switch inhibitors: critical components that a running system cannot change, by the toplevels' own lists. */
import { existsSync, readFileSync } from "node:fs";
import type { StorePath } from "@chimera/proto/names";
import { z } from "zod";

const Inhibitors = z.record(z.string().max(256), z.string().max(4096));

/** Names present in both lists with another value. Null when a list is there but unreadable. */
export function compareInhibitors(running: StorePath, wanted: StorePath): string[] | null {
  const [from, to] = [readInhibitors(running), readInhibitors(wanted)];
  if (from === null || to === null) return null;
  return Object.keys(to).filter((name) => from[name] !== undefined && from[name] !== to[name]);
}

function readInhibitors(toplevel: StorePath): Record<string, string> | null {
  const file = `${toplevel}/switch-inhibitors`;
  if (!existsSync(file)) return {};
  try {
    return Inhibitors.safeParse(JSON.parse(readFileSync(file, "utf8"))).data ?? null;
  } catch {
    return null;
  }
}
