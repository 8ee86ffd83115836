/** SHELL. What follows a difference that counts: the path is put back, and that counts once its bytes were compared again. */
import type { DriftItem } from "@chimera/proto/drift";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { StorePath } from "@chimera/proto/names";
import pLimit from "p-limit";
import { revertFailure } from "../../../reconcile/drift/revert-failure.ts";
import { mostAnHour, spendMetadata } from "../../../reconcile/store-drift/metadata-budget.ts";
import {
  dueTries,
  isWaiting,
  nextTryMs,
  noteAbandoned,
  noteDone,
  noteFailed,
  waitedMs,
  type RepairTries,
} from "../../../reconcile/store-drift/repair-tries.ts";
import { handsOutRights, type Looked } from "../../../reconcile/store-drift/judge-path.ts";
import type { ExpectedPath } from "../../../reconcile/store-drift/store-path.ts";
import type { Responder } from "../../drift/drift-response.ts";
import type { RevertOutcome } from "../../drift/revert-entry.ts";
import { attemptAsync } from "../../errno-outcome.ts";
import type { FetchSource } from "../../store/nix.ts";
import { processesOnOld } from "./old-inodes.ts";
import { repairPath, type RepairOutcome, type RepairSource } from "./repair-path.ts";
import { referencesOf, type StoreClosure } from "../store-closure.ts";

export interface StoreRepairOptions {
  responder: Responder;
  closure: () => StoreClosure | null;
  /** Where paths come from; null where nothing says it. */
  source: (closure: StoreClosure) => FetchSource | null;
  /** As thorough as it gets. */
  compare: (expected: ExpectedPath) => Promise<Looked>;
  isCurrent: (closure: StoreClosure) => boolean;
  onRepaired: (path: StorePath) => Promise<void>;
  stateDir: string;
  /** This agent's own script. */
  program: string;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

export interface StoreRepair {
  /** True once it was put back. */
  onDrift(expected: ExpectedPath, item: DriftItem): Promise<boolean>;
  onClean(path: string): void;
  /** Paths whose next try is due. */
  due(): string[];
  /** Monotonic ms of the next one; null where none waits. */
  nextMs(): number | null;
}

export function createStoreRepair(options: StoreRepairOptions): StoreRepair {
  const book: Book = { tries: new Map(), mayRepair: metadataGate(options) };
  const turn = pLimit(1);
  return {
    // One at a time: a repair's unit has one name, and one clears what the one before it left.
    onDrift: (expected, item) => turn(() => respond(options, book, { expected, item })),
    onClean(path) {
      book.tries = noteDone(book.tries, path);
      options.responder.noteClean(path);
    },
    due: () => dueTries(book.tries, performance.now()),
    nextMs: () => nextTryMs(book.tries),
  };
}

interface Book {
  tries: RepairTries;
  mayRepair: () => boolean;
}

interface Found {
  expected: ExpectedPath;
  item: DriftItem;
}

async function respond(options: StoreRepairOptions, book: Book, found: Found): Promise<boolean> {
  const { path } = found.expected;
  const since = performance.now();
  if (isWaiting(book.tries, path, since)) return false;
  let isTried = false;
  const answer = await options.responder.respond({
    item: found.item,
    since,
    revert() {
      isTried = true;
      return revert(options, book, found);
    },
  });
  // Where it is only told, the next walk finds it again.
  if (!isTried || answer === "reverted") book.tries = noteDone(book.tries, path);
  if (answer === "reverted") await options.onRepaired(found.expected.path);
  return answer === "reverted";
}

async function revert(
  options: StoreRepairOptions,
  book: Book,
  { expected, item }: Found,
): Promise<RevertOutcome> {
  const { path } = expected;
  // The next walk finds it again: to read so many again and again would keep worse from being seen.
  const isBudgeted = item.kind === "store-metadata" && !handsOutRights(item);
  if (isBudgeted && !book.mayRepair()) return leftAsItIs;
  const outcome = await repairSafely(options, expected, item);
  const nowMs = performance.now();
  if (outcome.kind === "failed") book.tries = noteFailed(book.tries, path, nowMs);
  if (outcome.kind !== "abandoned") return outcome;
  book.tries = noteAbandoned(book.tries, path, nowMs);
  // Who only waits for somebody says so once it takes long.
  if (outcome.why === null || waitedMs(book.tries, path, nowMs) < patienceMs) return { kind: "abandoned" };
  return { kind: "failed", errno, code: "in-use", message: `the repair waits: ${outcome.why}` };
}

/** So long a switch or a garbage collection is waited for without a word. */
const patienceMs = 60_000;

/** No call of the system refused anything. */
const errno = "none";

const leftAsItIs: Extract<RevertOutcome, { kind: "failed" }> = {
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
      "further ones are only told. `nix-store --repair-path` writes one anew";
    onEvent({ type: "alarm", data: { code: "store-metadata-everywhere", message } });
    log.error({ mostAnHour }, "store metadata differs everywhere");
    return false;
  };
}

type Outcome =
  | Exclude<RevertOutcome, { kind: "abandoned" }>
  /** Why nothing was done yet; null where the next look tells. */
  | { kind: "abandoned"; why: string | null };

/** Whatever the disk or a tool refuses is an answer: the path stays open and is tried again. */
async function repairSafely(
  options: StoreRepairOptions,
  expected: ExpectedPath,
  item: DriftItem,
): Promise<Outcome> {
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
): Promise<Outcome> {
  const { stateDir, program, isCurrent } = options;
  const closure = options.closure();
  if (closure === null || !isCurrent(closure)) return { kind: "abandoned", why: null };
  const bytes = item.kind === "store-metadata" ? null : sourceOf(options, closure, expected.path);
  if (bytes === "unknown") return { ...unavailable, errno };
  options.log.info({ path: expected.path, kind: item.kind }, "store path is being repaired");
  const outcome = await repairPath({
    expected,
    bytes,
    stateDir,
    program,
    isCurrent: () => isCurrent(closure),
    isStillWrong: async () => areBytesWrong(await options.compare(expected)),
  });
  if (outcome.kind === "repaired") return proven(options, expected, outcome);
  return outcome.kind === "failed" ? { ...outcome, errno } : outcome;
}

function sourceOf(
  options: StoreRepairOptions,
  closure: StoreClosure,
  path: StorePath,
): RepairSource | "unknown" {
  const source = options.source(closure);
  const references = referencesOf(options.stateDir, closure, path);
  return source === null || references === null ? "unknown" : { source, references };
}

function areBytesWrong(looked: Looked): boolean {
  return looked.kind === "drifted" && looked.item.kind !== "store-metadata";
}

const unavailable: Extract<RepairOutcome, { kind: "failed" }> = {
  kind: "failed",
  code: "repair-unavailable",
  message: "nothing says from which cache this system's paths come",
};

async function proven(
  options: StoreRepairOptions,
  expected: ExpectedPath,
  { gone, notes }: Extract<RepairOutcome, { kind: "repaired" }>,
): Promise<Outcome> {
  const looked = await options.compare(expected);
  if (looked.kind === "clean")
    return {
      kind: "reverted",
      evidence: null,
      notes: [...notes, ...(await oldProcesses(gone))],
    };
  const left =
    looked.kind === "drifted"
      ? `it still differs: ${looked.item.kind} ${looked.item.found.detail ?? ""}`
      : "it could not be read afterwards";
  return { kind: "failed", errno, code: "repair-failed", message: `it was put back, and ${left}` };
}

/** They go on with the files of before, right or wrong; what is to be restarted is for the operator to say. */
async function oldProcesses(gone: readonly string[]): Promise<string[]> {
  const found = gone.length === 0 ? [] : await processesOnOld(gone);
  const names = found.map(({ pid, name }) => `${name} (${pid})`);
  return names.length === 0 ? [] : [`these still run what was there before: ${names.join(", ")}`];
}
