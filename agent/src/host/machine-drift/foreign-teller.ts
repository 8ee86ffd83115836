/** SHELL. Tells a foreign system by what the loop saw and judges; the loop itself puts it back (path R). */
import type { DriftItem, DriftSummary } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { SystemPointers } from "../../reconcile/decision.ts";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import type { Journal } from "../../reconcile/journal.ts";
import {
  foreignSight,
  type ForeignSight,
  type PointerPaths,
} from "../../reconcile/machine-drift/foreign-system.ts";
import { createResponder, type Responder } from "../drift/drift-response.ts";

export interface ForeignTellerOptions {
  mode: DriftMode;
  isIgnored: (item: DriftItem) => boolean;
  paths: () => PointerPaths;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

export interface ForeignTeller {
  /** What the loop has just seen, and the journal with which it is about to judge that. */
  noteSystem(journal: Journal | null, system: SystemPointers): void;
  summary(): DriftSummary;
}

interface Told {
  item: DriftItem;
  since: number;
  /** Of the journal when it was met: more of them since then, and it was the loop that put it back. */
  repairs: number;
  order: string;
}

interface State extends ForeignTellerOptions {
  responder: Responder;
  told: Map<string, Told>;
}

export function createForeignTeller(options: ForeignTellerOptions): ForeignTeller {
  const { onEvent, log } = options;
  const responder = createResponder({ mode: "report", isHeld: () => false, onEvent, log });
  const state: State = { ...options, responder, told: new Map() };
  return {
    noteSystem: (journal, system) => noteSystem(state, journal, system),
    summary: () => responder.summary(),
  };
}

function noteSystem(state: State, journal: Journal | null, system: SystemPointers): void {
  const sight = state.mode === "ignore" ? null : foreignSight(journal, system, state.paths());
  if (sight !== null && journal !== null) judge(state, journal, sight);
  const seen = new Set(state.told.keys());
  const managed = sight?.judged.length ?? 0;
  state.responder.noteSwept({ at: new Date().toISOString(), managed, seen });
}

function judge(state: State, journal: Journal, sight: ForeignSight): void {
  const items = sight.items.filter((item) => !state.isIgnored(item));
  for (const item of items) tell(state, journal, { item, why: sight.why });
  const open = new Set(items.map(({ path }) => path));
  for (const path of sight.judged) if (!open.has(path)) close(state, journal, path);
}

function tell(
  { told, responder }: State,
  journal: Journal,
  { item, why }: { item: DriftItem; why: string | null },
): void {
  const known = told.get(item.path);
  if (known === undefined) {
    const repairs = journal.attempts.foreign;
    told.set(item.path, { item, since: performance.now(), repairs, order: journal.order.id });
  } else told.set(item.path, { ...known, item });
  responder.tell(item, why === null ? {} : { why });
}

function close({ told, responder }: State, journal: Journal, path: string): void {
  const known = told.get(path);
  if (known === undefined) return;
  told.delete(path);
  const isOurs = journal.order.id === known.order && journal.attempts.foreign > known.repairs;
  if (isOurs) responder.noteRestored(known.item, known.since);
  else responder.noteClean(path);
}
