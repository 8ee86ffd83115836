/** SHELL. Switch inhibitors of the running and the wanted system, read from their toplevels. */
import { existsSync, readFileSync } from "node:fs";
import type { StorePath } from "@chimera/proto/names";
import { differingInhibitors, maxInhibitorBytes } from "@chimera/proto/system/inhibitors";

/** Names present in both lists with another value. Null when a list is there but unreadable. */
export function compareInhibitors(running: StorePath, wanted: StorePath): string[] | null {
  return differingInhibitors(textOf(running), textOf(wanted));
}

function textOf(toplevel: StorePath): string | null {
  const file = `${toplevel}/switch-inhibitors`;
  return existsSync(file) ? readFileSync(file, "utf8").slice(0, maxInhibitorBytes) : null;
}
