/** SHELL. Writes what a keeper reads once: for this user alone, since it holds his variables. */
import { rmSync, writeFileSync } from "node:fs";
import type { Handover } from "./handover.ts";

/** `path`: in a folder that is this user's alone. Not synced: who could read it after a power cut has nothing to do. */
export function writeHandover(path: string, handover: Handover): string {
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(handover), { flag: "wx", mode: 0o600 });
  return path;
}
