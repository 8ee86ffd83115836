/** SHELL. What lies in /run/wrappers beside the link and the folder to which it leads: that file system is the one on which programs may be set-user-id. */
import type { EntryFacts } from "@chimera/proto/drift";
import { fstatSync, rmdirSync } from "node:fs";
import { revertFailure } from "../../reconcile/drift/revert-failure.ts";
import { openDirectory, type OpenDirectory } from "../drift/etc-directory.ts";
import type { Evidence } from "../drift/evidence.ts";
import type { PutBack } from "../drift/drift-response.ts";
import { attempt } from "../errno-outcome.ts";
import { strangerItem } from "./compare-wrappers.ts";
import { lenientFacts } from "./lenient-facts.ts";
import { listNames, nameLimits } from "./list-names.ts";
import type { Finding, LookContext } from "./machine-source.ts";
import { removeOverride, shownPath, type OverridePlace } from "./remove-override.ts";

export interface BesideSight {
  /** /run/wrappers. */
  parent: string;
  evidence: Evidence;
  /** For how long a name must have been there: the script makes a new folder beside the old one, and removes that. */
  settleMs: number;
  /** When each was first seen, by the clock that only rises. */
  firstSeen: Map<string, number>;
}

interface Beside {
  findings: Finding[];
  problems: string[];
}

/** `linked`: the name of the folder to which the link leads. */
export async function lookBeside(sight: BesideSight, linked: string, context: LookContext): Promise<Beside> {
  const { parent, firstSeen, settleMs } = sight;
  const beside: Beside = { findings: [], problems: [] };
  const entries = await list(sight, "", beside);
  const others = entries.filter(({ name }) => name !== "bin" && name !== linked);
  const now = performance.now();
  for (const name of firstSeen.keys())
    if (!others.some((other) => other.name === name)) firstSeen.delete(name);
  for (const { name } of others) {
    const since = firstSeen.get(name) ?? now;
    firstSeen.set(name, since);
    if (now - since < settleMs) continue;
    await addStranger({ sight, beside, context }, { root: parent, folder: "", name });
  }
  return beside;
}

async function list({ parent }: BesideSight, folder: string, { problems }: Beside) {
  const path = folder === "" ? parent : `${parent}/${folder}`;
  const listed = await listNames({ root: parent, folder, limits: nameLimits, matters: () => true });
  if (listed.kind === "failed") {
    problems.push(`${path} cannot be read: ${listed.errno}`);
    return [];
  }
  if (listed.value.isCut) problems.push(`${path} has more names than are looked at`);
  return listed.value.entries;
}

interface Search {
  sight: BesideSight;
  beside: Beside;
  context: LookContext;
}

const foreignWhy = "it is another file system, or holds folders: remove it by hand";

/** Of a folder each file is one of its own, since each may hand out rights. */
async function addStranger(search: Search, place: OverridePlace): Promise<void> {
  const { sight, beside, context } = search;
  const found = await factsAt(place, beside);
  if (found === null) return;
  const item = strangerItem(shownPath(place), found);
  if (found.type !== "directory") {
    const { evidence } = sight;
    const revert = () => removeOverride(place, { evidence, isCurrent: context.isCurrent });
    beside.findings.push({ item, revert });
    return;
  }
  if (place.folder !== "" || !isHere(place)) {
    beside.findings.push({ item, revert: null, why: foreignWhy });
    return;
  }
  const children = await list(sight, Buffer.from(place.name, "latin1").toString("utf8"), beside);
  for (const { name } of children) await addStranger(search, { ...place, folder: place.name, name });
  if (children.length === 0) beside.findings.push({ item, revert: async () => removeEmpty(place, context) });
}

async function factsAt(place: OverridePlace, { problems }: Beside): Promise<EntryFacts | null> {
  const opened = openDirectory(place.root, place.folder);
  if (opened.kind === "failed") return null;
  using directory = opened.value;
  const found = await lenientFacts(directory, place.name, 0);
  if (found.kind === "failed") problems.push(`${shownPath(place)} cannot be read: ${found.errno}`);
  return found.kind === "failed" || found.value.type === "missing" ? null : found.value;
}

/** False where something else is mounted: what is in it is somebody's, and not to be removed. */
function isHere({ root, name }: OverridePlace): boolean {
  const [parent, folder] = [openDirectory(root, ""), openDirectory(root, name)];
  const devices = [parent, folder].flatMap((opened) =>
    opened.kind === "done" ? [deviceOf(opened.value)] : [],
  );
  return devices.length === 2 && devices[0] === devices[1];
}

function deviceOf(opened: OpenDirectory): number {
  using directory = opened;
  return fstatSync(directory.fd).dev;
}

function removeEmpty({ root, name }: OverridePlace, { isCurrent }: LookContext): PutBack {
  const opened = openDirectory(root, "");
  if (opened.kind === "failed") return { kind: "failed", ...revertFailure(opened.errno) };
  using directory = opened.value;
  if (!isCurrent()) return { kind: "abandoned" };
  const removed = attempt(() => rmdirSync(directory.childBytes(name)));
  return removed.kind === "done"
    ? { kind: "reverted", evidence: null, notes: [] }
    : { kind: "failed", ...revertFailure(removed.errno) };
}
