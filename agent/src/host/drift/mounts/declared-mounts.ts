/** SHELL. The mount points that a closure declares: its fstab and its mount units. */
import { readdirSync } from "node:fs";
import { attempt } from "../../errno-outcome.ts";
import { readSmallFile } from "../../read-small-file.ts";

const fileBytes = 1024 * 1024;

/** `tree` is the closure's etc tree. */
export async function readDeclaredMounts(tree: string): Promise<ReadonlySet<string>> {
  const fstab = (await readSmallFile(`${tree}/fstab`, fileBytes)) ?? "";
  const targets = new Set(fstab.split("\n").flatMap((line) => fstabTarget(line) ?? []));
  const units = attempt(() => readdirSync(`${tree}/systemd/system`));
  // A unit's name is its mount point, so that only these can be below /etc.
  const mounts = units.kind === "done" ? units.value.filter((name) => /^etc(-.*)?\.mount$/.test(name)) : [];
  for (const name of mounts) {
    const text = (await readSmallFile(`${tree}/systemd/system/${name}`, fileBytes)) ?? "";
    const where = /^\s*Where\s*=\s*(.*?)\s*$/m.exec(text)?.[1];
    if (where !== undefined) targets.add(where);
  }
  return targets;
}

/** The second field, with the escapes of fstab(5). */
function fstabTarget(line: string): string | null {
  const [source, target] = line.trim().split(/\s+/);
  if (source === undefined || target === undefined || source.startsWith("#")) return null;
  return target.replaceAll("\\040", " ").replaceAll("\\011", "\t");
}
