/** SHELL. What follows a difference in the store: Nix puts the path back, and it counts once its bytes were compared again. */
import type { DriftItem } from "@chimera/proto/drift";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { StorePath } from "@chimera/proto/names";
import { revertFailure } from "../../reconcile/drift/revert-failure.ts";
import { mostAnHour, spendMetadata } from "../../reconcile/store-drift/metadata-budget.ts";
import {
  dueTries,
  isWaiting,
  nextTryMs,
  noteAbandoned,
  noteDone,
  noteFailed,
  type RepairTries,
} from "../../reconcile/store-drift/repair-tries.ts";
import type { ExpectedPath } from "../../reconcile/store-drift/store-path.ts";
import type { Responder } from "../drift/drift-response.ts";
import type { RevertOutcome } from "../drift/revert-entry.ts";
import { attemptAsync } from "../errno-outcome.ts";
import type { FetchSource } from "../store/nix.ts";
import { processesOnOld } from "./old-inodes.ts";
import { repairPath, type RepairOutcome } from "./repair-path.ts";
import { referencesOf, type StoreClosure } from "./store-closure.ts";

export interface StoreRepairOptions {
  responder: Responder;
  closure: () => StoreClosure | null;
  /** Where paths come from; null where nothing says it. */
  source: (closure: StoreClosure) => FetchSource | null;
  /** Whether nothing differs any more; also what still does. */
  compare: (expected: ExpectedPath) => Promise<DriftItem | null>;
  isCurrent: (closure: StoreClosure) => boolean;
  onRepaired: (path: StorePath) => Promise<void>;
  stateDir: string;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

export interface StoreRepair {
  onDrift(expected: ExpectedPath, item: DriftItem): Promise<void>;
  onClean(path: string): void;
  /** Paths whose next try is due. */
  due(): string[];
  /** Ms until the next one; null where none waits. */
  nextMs(): number | null;
}

export function createStoreRepair(options: StoreRepairOptions): StoreRepair {
  let tries: RepairTries = new Map();
  const mayRepair = metadataGate(options);
  return {
    async onDrift(expected, item) {
      const { path } = expected;
      if (isWaiting(tries, path, performance.now())) return;
      const since = performance.now();
      const answer = await options.responder.respond({
        item,
        since,
        async revert() {
          if (item.kind === "store-metadata" && !mayRepair()) return leftAsItIs;
          const outcome = await repairSafely(options, expected, item);
          if (outcome.kind === "failed") tries = noteFailed(tries, path, performance.now());
          return outcome;
        },
      });
      if (answer === "reverted") {
        tries = noteDone(tries, path);
        await options.onRepaired(path);
      }
      if (answer === "abandoned") tries = noteAbandoned(tries, path, performance.now());
    },
    onClean(path) {
      tries = noteDone(tries, path);
      options.responder.noteClean(path);
    },
    due: () => dueTries(tries, performance.now()),
    nextMs() {
      const next = nextTryMs(tries);
      return next === null ? null : Math.max(0, next - performance.now());
    },
  };
}

/** No call of the system refused anything. */
const errno = "none";

const leftAsItIs: RevertOutcome = {
  kind: "failed",
  errno,
  code: "budget-spent",
  message: `more than ${mostAnHour} paths in an hour differ in modes, owners or times alone: this one is only told`,
};

/** False once there were too many in an hour, which is told. */
function metadataGate({ onEvent, log }: StoreRepairOptions): () => boolean {
  let spentAt: readonly number[] = [];
  let isTold = false;
  return () => {
    const spending = spendMetadata(spentAt, performance.now());
    ({ spentAt } = spending);
    if (spending.isAllowed || isTold) return spending.isAllowed;
    isTold = true;
    const message =
      `more than ${mostAnHour} store paths in an hour have right bytes and wrong modes, owners or times, as after a restore: ` +
      "further ones are only told. `nix-store --repair-path` puts one back";
    onEvent({ type: "alarm", data: { code: "store-metadata-everywhere", message } });
    log.error({ mostAnHour }, "store metadata differs everywhere");
    return false;
  };
}

/** Whatever the disk or a tool refuses is an answer: the path stays open and is tried again. */
async function repairSafely(
  options: StoreRepairOptions,
  expected: ExpectedPath,
  item: DriftItem,
): Promise<RevertOutcome> {
  try {
    const outcome = await attemptAsync(() => repair(options, expected, item));
    return outcome.kind === "done"
      ? outcome.value
      : { kind: "failed", errno: outcome.errno, ...revertFailure(outcome.errno) };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { kind: "failed", errno, code: "repair-failed", message: errorChain(error) };
  }
}

async function repair(
  options: StoreRepairOptions,
  expected: ExpectedPath,
  item: DriftItem,
): Promise<RevertOutcome> {
  const { stateDir, isCurrent } = options;
  const closure = options.closure();
  if (closure === null || !isCurrent(closure)) return { kind: "abandoned" };
  const source = options.source(closure);
  const references = referencesOf(stateDir, closure, expected.path);
  if (source === null || references === null) return { ...unavailable, errno };
  const isContentRight = item.kind === "store-metadata";
  options.log.info({ path: expected.path, kind: item.kind }, "store path is being repaired");
  const order = { expected, references, source, isContentRight, stateDir };
  const outcome = await repairPath({ ...order, isCurrent: () => isCurrent(closure) });
  if (outcome.kind === "repaired") return proven(options, expected);
  return outcome.kind === "failed" ? { ...outcome, errno } : outcome;
}

const unavailable: Extract<RepairOutcome, { kind: "failed" }> = {
  kind: "failed",
  code: "repair-unavailable",
  message: "nothing says from which cache this system's paths come",
};

async function proven(options: StoreRepairOptions, expected: ExpectedPath): Promise<RevertOutcome> {
  const left = await options.compare(expected);
  if (left !== null) {
    const message = `Nix said that it was repaired, and it still differs: ${left.kind} ${left.found.detail ?? ""}`;
    return { kind: "failed", errno, code: "repair-failed", message };
  }
  return { kind: "reverted", evidence: null, notes: await oldProcesses(expected.path) };
}

/** They go on with the files of before, right or wrong; what is to be restarted is for the operator to say. */
async function oldProcesses(path: string): Promise<string[]> {
  const names = (await processesOnOld(path)).map(({ pid, name }) => `${name} (${pid})`);
  return names.length === 0 ? [] : [`these still run what was there before: ${names.join(", ")}`];
}
