/** SHELL. The setuid, setgid and capability wrappers: each as the closure's own script makes it, and no other beside them. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import { lstatSync, readlinkSync, unlinkSync } from "node:fs";
import { basename } from "node:path";
import { revertFailure } from "../../reconcile/drift/revert-failure.ts";
import { attempt } from "../errno-outcome.ts";
import { openDirectory, type OpenDirectory } from "../drift/etc-directory.ts";
import type { Evidence } from "../drift/evidence.ts";
import { evidenceFacts } from "../drift/evidence/evidenced.ts";
import type { PutBack } from "../drift/drift-response.ts";
import { lookBeside } from "./beside-wrappers.ts";
import { compareFolder, type ComparedWrappers } from "./compare-wrappers.ts";
import {
  readExpectedWrappers,
  wrapperUnit,
  type ExpectedWrappers,
  type KnownWrappers,
} from "./expected-wrappers.ts";
import type { MachinePlaces } from "./machine-places.ts";
import { nothing, type Finding, type Look, type LookContext, type MachineSource } from "./machine-source.ts";
import { createWrapperReader, type CapabilitiesOf, type WrapperReader } from "./read-wrapper.ts";
import type { UnitManager } from "./unit-manager.ts";

export interface WrappersSourceOptions {
  places: MachinePlaces;
  /** Where the script and the wrappers' sources must lie. */
  store: string;
  evidence: Evidence;
  manager: Pick<UnitManager, "restart">;
  capabilitiesOf: CapabilitiesOf;
  /** For how long something lies beside the wrappers' folder before it counts; another time in tests. */
  settleMs?: number;
}

const settleMs = 5000;

interface State extends WrappersSourceOptions {
  expected: ExpectedWrappers | null;
  reader: WrapperReader;
  firstSeen: Map<string, number>;
}

export function createWrappersSource(options: WrappersSourceOptions): MachineSource {
  const state: State = {
    ...options,
    expected: null,
    reader: createWrapperReader(options.capabilitiesOf),
    firstSeen: new Map(),
  };
  return {
    of: "wrappers",
    look: (context) => look(state, context),
    forget: () => void (state.expected = null),
    watched: [{ path: `${options.places.run}/wrappers`, deep: true }],
  };
}

async function look(state: State, context: LookContext): Promise<Look> {
  const { toplevel } = context;
  const { store, places } = state;
  if (state.expected?.toplevel !== toplevel)
    state.expected = await readExpectedWrappers({ toplevel, store, parent: `${places.run}/wrappers` });
  const { expected } = state;
  switch (expected.kind) {
    case "none":
      return nothing;
    case "unseen":
      return {
        ...nothing,
        unseen: { code: "wrappers-unseen", what: `wrappers of ${toplevel}: ${expected.why}` },
      };
    case "known": {
      const { items, problems } = await compareSteadily(state, expected);
      const findings = items.map((item) => findingOf(state, { context, expected, item }));
      const beside = await besideOf(state, context);
      return {
        findings: [...findings, ...beside.findings],
        managed: expected.wrappers.size + 1,
        problems: [...expected.problems, ...problems, ...(beside.problems ?? [])],
      };
    }
  }
}

/** Where the link leads elsewhere it is not known which folder is the script's. */
async function besideOf(state: State, context: LookContext): Promise<Pick<Look, "findings" | "problems">> {
  const link = linkOf(state);
  const folder = openFolder(state, link);
  folder?.[Symbol.dispose]();
  if (folder === null || link === null) return { findings: [], problems: [] };
  const { evidence, firstSeen } = state;
  const sight = {
    parent: `${state.places.run}/wrappers`,
    evidence,
    firstSeen,
    settleMs: state.settleMs ?? settleMs,
  };
  // Whatever moves the link meanwhile may have moved it to what was strange.
  const isCurrent = (): boolean => context.isCurrent() && linkOf(state) === link;
  const beside = await lookBeside(sight, basename(link), { ...context, isCurrent });
  return isCurrent() ? beside : { findings: [], problems: [] };
}

const activationWhy = "this system makes its wrappers in its activation only: the next switch puts them back";

function findingOf(
  state: State,
  { context, expected, item }: { context: LookContext; expected: KnownWrappers; item: DriftItem },
): Finding {
  if (!expected.hasUnit) return { item, revert: null, why: activationWhy };
  return { item, revert: () => remake(state, context, item) };
}

const looks = 3;

/** The script makes a new folder, moves the link and removes the old one: what was seen across that counts for nothing. */
async function compareSteadily(state: State, expected: KnownWrappers): Promise<ComparedWrappers> {
  let compared: ComparedWrappers = { items: [], problems: [] };
  for (let count = 0; count < looks; count += 1) {
    const before = linkOf(state);
    compared = await compareAll(state, expected, before);
    if (compared.items.length === 0 || linkOf(state) === before) return compared;
  }
  return compared;
}

function linkOf({ places }: State): string | null {
  const target = attempt(() => readlinkSync(`${places.run}/wrappers/bin`));
  return target.kind === "done" ? target.value : null;
}

async function compareAll(
  state: State,
  expected: KnownWrappers,
  link: string | null,
): Promise<ComparedWrappers> {
  const opened = openFolder(state, link);
  if (opened === null) return { items: [folderItem(`${state.places.run}/wrappers`, link)], problems: [] };
  using directory = opened;
  return await compareFolder(state, expected, { path: link ?? "", directory });
}

/** Where the link leads, if that is a folder as the script makes them; null for any other. */
function openFolder({ places }: State, link: string | null): OpenDirectory | null {
  const parent = `${places.run}/wrappers`;
  if (link?.startsWith(`${parent}/wrappers.`) !== true) return null;
  const name = link.slice(parent.length + 1);
  const opened = name.includes("/") ? null : openDirectory(parent, name);
  return opened?.kind === "done" ? opened.value : null;
}

function folderItem(parent: string, link: string | null): DriftItem {
  const expected: EntryFacts = { type: "symlink", target: `${parent}/wrappers.*` };
  const stats = lstatSync(`${parent}/bin`, { throwIfNoEntry: false });
  const found: EntryFacts =
    link === null
      ? { type: stats === undefined ? "missing" : stats.isDirectory() ? "directory" : "other" }
      : { type: "symlink", target: link.slice(0, 4096) };
  return { path: `${parent}/bin`, kind: "wrapper", expected, found };
}

/** The closure's own unit makes all of them afresh, beside the old ones, and then moves one link. */
async function remake(state: State, { isCurrent, toplevel }: LookContext, item: DriftItem): Promise<PutBack> {
  const kept = await keep(state, item);
  if (!isCurrent()) return { kind: "abandoned" };
  const freed = freeLink(state);
  if (freed !== null) return { kind: "failed", ...revertFailure(freed) };
  const problem = await state.manager.restart(wrapperUnit);
  if (problem !== null) return failed(`${wrapperUnit}: ${problem}`.slice(0, 2048));
  const { expected } = state;
  if (expected?.kind !== "known" || expected.toplevel !== toplevel) return { kind: "abandoned" };
  const { items: left } = await compareSteadily(state, expected);
  return left.some(({ path }) => path === item.path)
    ? failed(`${wrapperUnit} ran, and it still differs`)
    : { kind: "reverted", ...kept };
}

/** As in a container that may set no capabilities: there it fails at each try. */
function failed(message: string): PutBack {
  return { kind: "failed", code: "revert-failed", message, isCostly: true };
}

/**
 * The script removes, with all that is in it, whatever folder the link leads to: a link that somebody led elsewhere must
 * be gone before. The errno of what stands in the way.
 */
function freeLink(state: State): string | null {
  const folder = openFolder(state, linkOf(state));
  folder?.[Symbol.dispose]();
  if (folder !== null) return null;
  const opened = openDirectory(`${state.places.run}/wrappers`, "");
  if (opened.kind === "failed") return opened.errno;
  using parent = opened.value;
  const removed = attempt(() => unlinkSync(parent.child("bin")));
  return removed.kind === "done" || removed.errno === "ENOENT" ? null : removed.errno;
}

/** Before the old folder goes. What has the declared bytes says nothing more than the event. */
async function keep(
  state: State,
  { path, expected, found }: DriftItem,
): Promise<{ evidence: string | null; notes: string[] }> {
  const [link, name] = [linkOf(state), path.slice(path.lastIndexOf("/") + 1)];
  if (link === null || found.type !== "file" || found.sha256 === expected.sha256)
    return evidenceFacts({ kind: "nothing" });
  const opened = openDirectory(link, "");
  if (opened.kind === "failed") return evidenceFacts({ kind: "refused", errno: opened.errno });
  using directory = opened.value;
  const [root, below, declared] = ["/", `${link}/${name}`.slice(1), expected.sha256 ?? null];
  const kept = await state.evidence.keepFile({ directory, name, path, root, below, declared });
  if (kept.kind === "kept") state.evidence.attribute(kept);
  return evidenceFacts(kept);
}
