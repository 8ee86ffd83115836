/** SHELL. Programs that systemd's manager starts by itself as root, and what it reads of itself: what the closure does not declare is told. */
import { lstatSync } from "node:fs";
import { basename, dirname } from "node:path";
import { attempt } from "../errno-outcome.ts";
import { openDirectory } from "../drift/etc-directory.ts";
import { isTemporaryName } from "../temporary-name.ts";
import { lenientFacts } from "./lenient-facts.ts";
import { listNames, textOf, type NameLimits } from "./list-names.ts";
import type { MachinePlaces } from "./machine-places.ts";
import type { Finding, Look, LookContext, MachineSource } from "./machine-source.ts";

const names = ["system-generators", "system-environment-generators", "system.conf.d"];

/** Before those of the systemd that runs; of /etc only what the closure does not declare is anybody's. */
export function hookFolders({ run, etc, root }: MachinePlaces): string[] {
  return [`${run}/systemd`, `${etc}/systemd`, `${root}/usr/local/lib/systemd`].flatMap((at) =>
    names.map((name) => `${at}/${name}`),
  );
}

/** Also the manager's one file beside the closure's. */
function hookFile({ run }: MachinePlaces): string {
  return `${run}/systemd/system.conf`;
}

export function createManagerHooksSource(places: MachinePlaces): MachineSource {
  const folders = hookFolders(places);
  return {
    of: "units",
    look: (context) => look(places, context),
    watched: [],
  };

  async function look(at: MachinePlaces, context: LookContext): Promise<Look> {
    const parts = [await lookAt(hookFile(at), null)];
    for (const folder of folders) parts.push(await lookIn(folder, declaredFolder(at, folder, context)));
    return {
      findings: parts.flatMap(({ findings }) => findings),
      managed: parts.length,
      problems: parts.flatMap(({ problems = [] }) => problems),
    };
  }
}

/** Where the closure says what is in a folder; null where it cannot say anything of it. */
function declaredFolder({ etc }: MachinePlaces, folder: string, { toplevel }: LookContext): string | null {
  return folder.startsWith(`${etc}/`) ? `${toplevel}/etc${folder.slice(etc.length)}` : null;
}

/** A million names are a million of nobody's programs: some of them say enough. */
const limits: NameLimits = { read: 1_000_000, kept: 64 };

async function lookIn(folder: string, declared: string | null): Promise<Omit<Look, "managed">> {
  const listed = await listNames({
    root: folder,
    folder: "",
    limits,
    matters: (name, entry) => !entry.isDirectory() && !isTemporaryName(name) && !isDeclared(declared, name),
  });
  // No folder, but a link or a file: the closure's own link is compared as part of /etc, and any other is as strange as what is in it.
  if (listed.kind === "failed")
    return listed.errno === "ENOTDIR" || listed.errno === "ELOOP"
      ? lookAt(folder, declared)
      : {
          findings: [],
          problems: listed.errno === "ENOENT" ? [] : [`${folder} cannot be read: ${listed.errno}`],
        };
  const findings: Finding[] = [];
  const problems = listed.value.isCut ? [`${folder} has more names than are looked at`] : [];
  for (const { name } of listed.value.entries) {
    const found = await lookAt(`${folder}/${textOf(name)}`, null);
    findings.push(...found.findings);
    problems.push(...(found.problems ?? []));
  }
  return { findings, problems };
}

function isDeclared(declared: string | null, name: string): boolean {
  return declared !== null && exists(`${declared}/${name}`);
}

/** What cannot be looked at is not held to be declared. */
function exists(path: string): boolean {
  const stats = attempt(() => lstatSync(path, { throwIfNoEntry: false }));
  return stats.kind === "done" && stats.value !== undefined;
}

const why = "systemd uses it as root, and the closure does not declare it: remove it by hand";

async function lookAt(path: string, declared: string | null): Promise<Omit<Look, "managed">> {
  if (declared !== null && exists(declared)) return { findings: [] };
  const opened = openDirectory(dirname(path), "");
  if (opened.kind === "failed") return { findings: [] };
  using directory = opened.value;
  const found = await lenientFacts(directory, basename(path), 0);
  if (found.kind === "failed") return { findings: [], problems: [`${path} cannot be read: ${found.errno}`] };
  if (found.value.type === "missing" || found.value.type === "directory") return { findings: [] };
  const item = { path, kind: "unit-override", expected: { type: "missing" }, found: found.value } as const;
  return { findings: [{ item, revert: null, why }] };
}
