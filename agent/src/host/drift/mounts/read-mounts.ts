/** SHELL. The mount table of this process, and in which mount an open directory is. */
import { readFileSync } from "node:fs";
import { parseMountTable, type Mount } from "../../../reconcile/drift/mounts/mount-table.ts";
import { attempt } from "../../errno-outcome.ts";

/** The kernel's text: longer than this it is not parsed, and nothing is known of mounts. */
const tableCharacters = 32 * 1024 * 1024;

export function readMountText(): string | null {
  const text = attempt(() => readFileSync("/proc/self/mountinfo", "utf8"));
  return text.kind === "done" && text.value.length <= tableCharacters ? text.value : null;
}

export function readMounts(): Mount[] {
  return parseMountTable(readMountText() ?? "");
}

/** `null` when the kernel does not say. */
export function mountIdOf(fd: number): number | null {
  const info = attempt(() => readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"));
  const id = info.kind === "done" ? /^mnt_id:\s*(\d+)$/m.exec(info.value)?.[1] : undefined;
  return id === undefined ? null : Number(id);
}
