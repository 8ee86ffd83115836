// SHELL. Kernel limits that all hosts share with this machine: raised for the lab, put back afterwards.
import { readFile, writeFile } from "node:fs/promises";

/** An idle host holds 7 inotify instances of the 128 that all hosts share by default. */
const wanted = {
  "fs/inotify/max_user_instances": 8192,
  "fs/inotify/max_user_watches": 1_048_576,
} as const;

/** What must be put back later, by name. Nothing has been changed yet: write this down first. */
export async function sysctlsToRaise(): Promise<Record<string, string>> {
  const before: Record<string, string> = {};
  for (const [name, value] of Object.entries(wanted)) {
    const current = (await readFile(`/proc/sys/${name}`, "utf8")).trim();
    if (Number(current) < value) before[name] = current;
  }
  return before;
}

export async function raiseSysctls(before: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(wanted)) {
    if (name in before) await writeFile(`/proc/sys/${name}`, `${value}`);
  }
}

/** A value that somebody else has set since is theirs. */
export async function restoreSysctls(before: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(wanted)) {
    const old = before[name];
    if (old === undefined) continue;
    const current = (await readFile(`/proc/sys/${name}`, "utf8")).trim();
    if (current === `${value}`) await writeFile(`/proc/sys/${name}`, old);
  }
}
