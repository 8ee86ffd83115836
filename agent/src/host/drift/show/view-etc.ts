/** SHELL. A path of /etc: by which entry it is kept, or by which list it is left to others. */
import { lstatSync } from "node:fs";
import type { DriftItem } from "@chimera/proto/drift";
import { isOwnLink, staleItem } from "../../../reconcile/drift/drift.ts";
import { attributesItem } from "../../../reconcile/drift/entry-attributes.ts";
import { expectedFacts, type ExpectedEntry } from "../../../reconcile/drift/etc-entry.ts";
import { createEtcScope, type IgnoredGlob } from "../../../reconcile/drift/etc-scope.ts";
import type { EtcMounts } from "../../../reconcile/drift/mounts/covering-mounts.ts";
import { leftAlone } from "../../../reconcile/drift/explain/left-alone.ts";
import { createAttributeBook } from "../attributes/attribute-book.ts";
import { checkEntry } from "../check-entry.ts";
import { cleanEntry } from "../clean-list.ts";
import type { ExpectedEtc } from "../etc-expected.ts";
import { readFactsAt } from "../etc-facts.ts";
import { resolveOwner } from "../etc-owners.ts";
import type { EtcPath } from "./etc-path.ts";
import { readDeclared, readLive } from "./read-side.ts";
import { viewBelowLink } from "./view-below-link.ts";
import { viewCovered } from "./view-covered.ts";
import { managed, notManaged, type Sides, type Sighted, type Viewer } from "./view.ts";

export interface EtcViewOptions {
  etcDir: string;
  /** Of the newest look; null where nothing of ours is active. */
  expected: () => Promise<ExpectedEtc | null>;
  covering: (expected: ExpectedEtc) => EtcMounts;
  ignore: readonly IgnoredGlob[];
}

export function createEtcViewer({ etcDir, expected: load, covering, ignore }: EtcViewOptions): Viewer {
  const scope = createEtcScope(ignore);
  return async (path) => {
    const below = belowEtc(path);
    if (below === null) return null;
    const expected = await load();
    if (expected === null) {
      const reason = "no system that was signed for this node is active, or it is switching";
      return notManaged("etc", { kind: "unknown", reason });
    }
    const at: EtcPath = { etcDir, expected, path, below };
    return (
      (await viewCovered(at, covering(expected))) ??
      (await viewEntry(at)) ??
      (await viewBelowLink(at)) ??
      (await viewStale(at, scope.isIgnored(below))) ??
      viewOther(at, ignore)
    );
  };
}

function belowEtc(path: string): string | null {
  if (path === "/etc") return "";
  return path.startsWith("/etc/") && path !== "/etc/" ? path.slice("/etc/".length) : null;
}

async function viewEntry(at: EtcPath): Promise<Sighted | null> {
  const { etcDir, expected, below } = at;
  const entry = entryOf(expected, below);
  if (entry === undefined) return null;
  const checked = below === "" ? null : await checkEntry(etcDir, entry);
  const open = checked?.kind === "drifted" ? checked.item : await attributesNow(etcDir, entry);
  return managed("etc", {
    toplevel: expected.toplevel,
    entry: below === ".clean" ? `${expected.tree}/**/*.mode` : `${expected.tree}/${below}`,
    expected: expectedFacts(entry, await resolveOwner(etcDir, entry)),
    because: becauseOf(entry),
    open,
    now: await readFactsAt(etcDir, below, entry.kind === "file" ? entry.size : 0),
    sides: sidesOf(at, entry),
  });
}

function entryOf(expected: ExpectedEtc, below: string): ExpectedEntry | undefined {
  if (below === "") return { kind: "directory", path: "" };
  if (below === ".clean" && expected.cleanList !== null) return cleanEntry(expected.cleanList);
  return expected.entries.get(below);
}

function becauseOf(entry: ExpectedEntry): string {
  if (entry.path === ".clean")
    return "the next activation deletes what it names: it must name what the closure's was copied, and nothing else";
  if (entry.kind === "directory") return "the closure declares what is in it";
  return entry.kind === "link"
    ? "the closure declares it, and activation makes a link of it"
    : "the closure declares it with a mode, and activation copies it";
}

/** Of what is as declared in all else, and bears flags or attributes. */
async function attributesNow(etcDir: string, entry: ExpectedEntry): Promise<DriftItem | null> {
  if (entry.kind === "link") return null;
  const book = createAttributeBook(etcDir);
  await book.refresh([entry.path]);
  const attributes = book.of(entry.path);
  return attributes.length === 0 ? null : attributesItem(entry, attributes);
}

function sidesOf({ etcDir, expected, below }: EtcPath, entry: ExpectedEntry): Sides {
  return {
    kind: "files",
    expected: (maxBytes) => readDeclared({ expected, entry }, maxBytes),
    found: (maxBytes) => readLive(etcDir, below, maxBytes),
  };
}

/** What activation of an earlier system made, and this one does not declare. */
async function viewStale({ etcDir, expected, below }: EtcPath, isIgnored: boolean): Promise<Sighted | null> {
  const now = await readFactsAt(etcDir, below);
  const { target } = now;
  if (isIgnored || target === undefined || !isOwnLink(below, target)) return null;
  return managed("etc", {
    toplevel: expected.toplevel,
    entry: expected.tree,
    expected: { type: "missing" },
    because: "it is a link as activation makes them, of an entry that an earlier system had",
    open: staleItem(below, now),
    now,
  });
}

async function viewOther({ etcDir, expected, path, below }: EtcPath, ignore: readonly IgnoredGlob[]) {
  const declared = lstatSync(`${expected.tree}/${below}`, { throwIfNoEntry: false }) !== undefined;
  const now = await readFactsAt(etcDir, below, 0);
  const left = leftAlone(path, ignore, declared);
  if (left !== null) return notManaged("etc", left, now);
  const because = declared
    ? "the closure's tree has it, and activation makes nothing of a plain file or a folder alone"
    : "the closure declares nothing there, and nothing undeclared in /etc is touched";
  return notManaged("etc", { kind: "undeclared", because }, now);
}
