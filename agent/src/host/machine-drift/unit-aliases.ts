/** SHELL. Other names that links in systemd's folders give to units of the closure: what is said of such a name is said of the unit. */
import { readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  aliasesOf,
  isDeclaredUnit,
  isUnitFolder,
  isUnitName,
} from "../../reconcile/machine-drift/unit-overrides.ts";
import { openDirectory } from "../drift/etc-directory.ts";
import { attempt } from "../errno-outcome.ts";
import type { DeclaredUnits } from "./declared-units.ts";
import { listNames, nameLimits, textOf, type NameLimits } from "./list-names.ts";

/** A link is little work: whoever hides one behind others needs many. */
const limits: NameLimits = { ...nameLimits, kept: 65_536 };

export interface Aliases {
  names: ReadonlySet<string>;
  problems: string[];
}

type Link = readonly [name: string, leadsTo: string];

export async function findAliases(roots: readonly string[], declared: DeclaredUnits): Promise<Aliases> {
  const links: Link[] = [];
  const problems: string[] = [];
  for (const root of roots) {
    const found = await linksIn(root, declared);
    links.push(...found.links);
    problems.push(...found.problems);
  }
  return { names: aliasesOf(links, declared.units), problems };
}

/** A folder that cannot be read is told by whoever looks for overrides in it. */
async function linksIn(
  root: string,
  declared: DeclaredUnits,
): Promise<{ links: Link[]; problems: string[] }> {
  const listed = await listNames({
    root,
    folder: "",
    limits,
    matters: (name, entry) =>
      entry.isSymbolicLink() && isUnitName(name) && !isDeclaredUnit(name, declared.units),
  });
  if (listed.kind === "failed") return { links: [], problems: [] };
  const links: Link[] = [];
  for (const [index, { name }] of listed.value.entries.entries()) {
    if (index % 1024 === 1023) await nextTurn();
    const leadsTo = unitAt({ root, name }, declared);
    if (leadsTo !== null) links.push([textOf(name), leadsTo]);
  }
  const problems = listed.value.isCut ? [`${root} has more links than are looked at`] : [];
  return { links, problems };
}

/** The name of the unit to which a link leads: the next one by name, as systemd goes, or a file of the closure. */
function unitAt({ root, name }: { root: string; name: string }, declared: DeclaredUnits): string | null {
  const opened = openDirectory(root, "");
  if (opened.kind === "failed") return null;
  using directory = opened.value;
  const read = attempt(() => readlinkSync(directory.childBytes(name)));
  if (read.kind === "failed") return null;
  const next = resolve(root, read.value);
  if (isUnitFolder(dirname(next))) return basename(next);
  const end = attempt(() => realpathSync(next));
  return end.kind === "done" && declared.folders.includes(`${dirname(end.value)}/`)
    ? basename(end.value)
    : null;
}
