/** SHELL. The wrappers in the folder that the script made last, each by its bytes and rights, and what else is in it. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import { lstatSync } from "node:fs";
import { compareEntry } from "../../reconcile/drift/drift.ts";
import { expectedFacts, octal } from "../../reconcile/drift/etc-entry.ts";
import type { OpenDirectory } from "../drift/etc-directory.ts";
import { resolveOwner } from "../drift/etc-owners.ts";
import type { KnownWrappers, Wrapper } from "./expected-wrappers.ts";
import { lenientFacts } from "./lenient-facts.ts";
import { listNames, nameLimits, textOf } from "./list-names.ts";
import type { MachinePlaces } from "./machine-places.ts";
import type { WrapperFolder, WrapperReader } from "./read-wrapper.ts";

export interface WrapperSight {
  places: MachinePlaces;
  reader: WrapperReader;
}

export interface ComparedWrappers {
  items: DriftItem[];
  problems: string[];
}

const nothingFound: ComparedWrappers = { items: [], problems: [] };

function only(item: DriftItem): ComparedWrappers {
  return { items: [item], problems: [] };
}

function unread(path: string, errno: string): ComparedWrappers {
  return { items: [], problems: [`${path} cannot be read: ${errno}`] };
}

function join(compared: readonly ComparedWrappers[]): ComparedWrappers {
  return {
    items: compared.flatMap(({ items }) => items),
    problems: compared.flatMap(({ problems }) => problems),
  };
}

export function strangerItem(path: string, found: EntryFacts): DriftItem {
  return { path, kind: "wrapper", expected: { type: "missing" }, found };
}

export async function compareFolder(
  at: WrapperSight,
  expected: KnownWrappers,
  folder: WrapperFolder,
): Promise<ComparedWrappers> {
  const compared: ComparedWrappers[] = [];
  for (const wrapper of expected.wrappers.values())
    compared.push(await compareOne(at, { wrapper, folder, expected }));
  return join([...compared, await strangers(at, expected, folder)]);
}

async function compareOne(
  at: WrapperSight,
  { wrapper, folder, expected }: { wrapper: Wrapper; folder: WrapperFolder; expected: KnownWrappers },
): Promise<ComparedWrappers> {
  const path = shownPath(at, wrapper.path);
  const [ids, read] = [
    await resolveOwner(at.places.etc, wrapper),
    await at.reader.read(wrapper, folder, expected.capTools),
  ];
  if (read.kind === "failed") return unread(path, read.errno);
  const found = read.value;
  const difference = compareEntry(wrapper, found.facts, ids);
  if (difference !== null) return only({ ...difference, path, kind: "wrapper" });
  const { capabilities } = wrapper;
  if (capabilities === null || found.capabilities === null || capabilities === found.capabilities)
    return nothingFound;
  const facts = expectedFacts(wrapper, ids);
  return only({
    path,
    kind: "wrapper",
    expected: { ...facts, text: capabilities },
    found: { ...found.facts, text: found.capabilities || "no capabilities" },
  });
}

function shownPath({ places }: WrapperSight, name: string): string {
  return `${places.run}/wrappers/bin/${name}`;
}

/** What the script does not make would be found first in PATH. Beside a wrapper old scripts left a text with the name of its program. */
async function strangers(
  at: WrapperSight,
  { wrappers, unjudged }: KnownWrappers,
  { path, directory }: WrapperFolder,
): Promise<ComparedWrappers> {
  const names = await listNames({
    root: path,
    folder: "",
    limits: nameLimits,
    matters: (name) => !wrappers.has(name) && !isUnjudged(directory, name, unjudged),
  });
  if (names.kind === "failed") return unread(path, names.errno);
  const cut = names.value.isCut ? [`${path} has more names than are looked at`] : [];
  const compared: ComparedWrappers[] = [{ items: [], problems: cut }];
  for (const entry of names.value.entries) {
    const name = textOf(entry.name);
    const found = await lenientFacts(directory, name, 0);
    if (found.kind === "failed") compared.push(unread(shownPath(at, name), found.errno));
    else if (found.value.type !== "missing")
      compared.push(only(strangerItem(shownPath(at, name), found.value)));
  }
  return join(compared);
}

/** A text with the name of a program is one that nobody can start. */
function isUnjudged(directory: OpenDirectory, name: string, unjudged: ReadonlySet<string>): boolean {
  if (!unjudged.has(name)) return false;
  if (!name.endsWith(".real")) return true;
  const stats = lstatSync(directory.child(name), { throwIfNoEntry: false });
  return (
    stats?.isFile() === true && Number.parseInt(octal(stats.mode), 8) < 0o1000 && (stats.mode & 0o111) === 0
  );
}
