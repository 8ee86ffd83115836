/** SHELL. The mount points that a closure declares: its fstab, its mount units, and its services that mount. */
import { readdirSync } from "node:fs";
import {
  fstabTargets,
  mountUnitTargets,
  serviceTargets,
} from "../../../reconcile/drift/mounts/declared-mounts.ts";
import { attempt } from "../../errno-outcome.ts";
import { readSmallFile } from "../../read-small-file.ts";

const fileBytes = 1024 * 1024;
const mostUnits = 4096;

/** `tree` is the closure's etc tree. */
export async function readDeclaredMounts(tree: string): Promise<ReadonlySet<string>> {
  const targets = new Set(fstabTargets((await readSmallFile(`${tree}/fstab`, fileBytes)) ?? ""));
  const listed = attempt(() => readdirSync(`${tree}/systemd/system`));
  const names = listed.kind === "done" ? listed.value.slice(0, mostUnits) : [];
  for (const name of names.filter((one) => /\.(?:mount|automount|service)$/.test(one))) {
    // One that is masked leads to a device.
    const text = await readSmallFile(`${tree}/systemd/system/${name}`, fileBytes);
    if (text === null) continue;
    for (const target of [...mountUnitTargets(name, text), ...serviceTargets(text)]) targets.add(target);
  }
  return targets;
}
