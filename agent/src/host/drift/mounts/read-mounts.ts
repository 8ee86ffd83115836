/** SHELL. The mount table of this process, and in which mount an open directory is. */
import { existsSync, readFileSync } from "node:fs";
import { parseMountTable, type Mount } from "../../../reconcile/drift/mounts/mount-table.ts";
import { attempt } from "../../errno-outcome.ts";

/** The kernel's text: longer than this it is not parsed, and nothing is known of mounts. */
const tableCharacters = 32 * 1024 * 1024;

export function readMountText(pid: "self" | 1 = "self"): string | null {
  const text = attempt(() => readFileSync(`/proc/${pid}/mountinfo`, "utf8"));
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

/** Null where PID 1 sees the mounts of this process, or nobody can say. A mount is in one namespace, and so is its number. */
export function readOutsideMounts(own: readonly Mount[]): Mount[] | null {
  const text = readMountText(1);
  if (text === null) return null;
  const outside = parseMountTable(text);
  const ids = new Set(own.map(({ id }) => id));
  return outside.some(({ id }) => ids.has(id)) ? null : outside;
}

/** As systemd, docker and podman leave it to be known. */
export function isInContainer(): boolean {
  return ["/run/systemd/container", "/.dockerenv", "/run/.containerenv"].some((path) => existsSync(path));
}
