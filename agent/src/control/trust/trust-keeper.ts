/**
 * SHELL. All that this node has accepted. The one way in is `take`: proto judges, the new state is on disk before it
 * counts, and what is refused is told once, with who and what.
 */
import type { Incoming } from "@chimera/proto/acceptance/accept";
import { proveOwnLeaf } from "@chimera/proto/acceptance/accept-head";
import {
  markCommitted,
  openKeys,
  quarantineHere,
  type TrustState,
} from "@chimera/proto/acceptance/trust-state";
import { refused, type Refused, type Verdict } from "@chimera/proto/acceptance/verdict";
import { ChimeraError, errorChain, type ErrorCode } from "@chimera/proto/errors";
import type { DocumentName, NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { Digest, StorePath } from "@chimera/proto/names";
import type { KeySet } from "@chimera/proto/signed/key-set";
import type { Leaf } from "@chimera/proto/signed/world";
import { acceptedEvent } from "./accepted-event.ts";
import { judgeDocument } from "./judge-document.ts";
import type { NodeIdentity, TrustStart } from "./open-trust.ts";
import { createRefusalBook, type Problem, type Refusal, type RefusalBook } from "./refusal-book.ts";
import type { Floor } from "./refuse-below.ts";

export interface TrustKeeperOptions {
  start: TrustStart;
  identity: NodeIdentity;
  freshSeconds: number;
  floor: Floor;
  /** Sessions that orders may still start; absent where this node's system lets them run and type nothing. */
  execRoom?: (() => number) | undefined;
  /** Returns once it is on disk; throws when the disk refuses, and then nothing is accepted. */
  save: (state: TrustState) => void;
  report: (event: NodeEventBody) => void;
  /** A document was accepted, or refused for a new reason: the loop has something to do, the status something to say. */
  onJudged: () => void;
  log: Log;
}

export interface TrustKeeper {
  /** Null while the node may take nothing at all. */
  state: () => TrustState | null;
  keySet: () => KeySet | null;
  /** Proven leaf of the accepted head. */
  leaf: () => Leaf | null;
  /** Why something is not accepted; null when nothing is refused. */
  problem: () => Problem | null;
  /** Refusals with a `quiet` code are the ordinary fate of what lies in the store, and not told. */
  take: (incoming: Incoming, quiet?: ReadonlySet<ErrorCode>) => Verdict;
  refuse: (refusal: Refusal) => void;
  /** What is no document at all, and so has nobody's name on it. */
  refuseMalformed: (document: DocumentName, reason: string) => void;
  clear: RefusalBook["clear"];
  noteCommitted: (head: Digest, at: string) => void;
  noteFailed: (toplevel: StorePath, failure: { reason: string; at: string }) => void;
}

interface Keeper {
  options: TrustKeeperOptions;
  state: TrustState | null;
  blocked: Problem | null;
  book: RefusalBook;
  /** The leaf and key set of the state that they were read from. */
  leaf: { of: TrustState["head"]; value: Leaf | null };
  keySet: { of: TrustState["keys"]; value: KeySet } | null;
}

export function createTrustKeeper(options: TrustKeeperOptions): TrustKeeper {
  const { start, report, onJudged, log } = options;
  const keeper: Keeper = {
    options,
    state: start.kind === "ready" ? start.state : null,
    blocked: start.kind === "ready" ? null : problemNow(start.code, start.message),
    book: createRefusalBook({ report, onNews: onJudged, log }),
    leaf: { of: null, value: null },
    keySet: null,
  };
  if (start.kind === "blocked") {
    log.error({ code: start.code, reason: start.message }, "no document can be accepted");
    report({ type: "alarm", data: { code: start.code, message: start.message.slice(0, 2048) } });
  }
  proveLeaf(keeper);
  return {
    state: () => keeper.state,
    keySet: () => keySetOf(keeper),
    leaf: () => keeper.leaf.value,
    problem: () => keeper.blocked ?? keeper.book.problem(),
    take: (incoming, quiet) => take(keeper, incoming, quiet ?? new Set()),
    refuse: keeper.book.note,
    refuseMalformed: (document, reason) =>
      keeper.book.note({ document, code: "input-invalid", reason, signedBy: [], envelope: null }),
    clear: keeper.book.clear,
    noteCommitted: (head, at) => change(keeper, (state) => markCommitted(state, head, at)),
    noteFailed: (toplevel, failure) =>
      change(keeper, (state) => {
        const isKnown = state.quarantinedHere.some((entry) => entry.toplevel === toplevel);
        return isKnown ? state : quarantineHere(state, { toplevel, ...failure });
      }),
  };
}

function take(keeper: Keeper, incoming: Incoming, quiet: ReadonlySet<ErrorCode>): Verdict {
  const { state, options, blocked } = keeper;
  if (state === null) return refused(blocked?.code ?? "bug", blocked?.message ?? "there is no state");
  const { identity, freshSeconds, floor, execRoom } = options;
  const room = execRoom === undefined ? {} : { execRoom: execRoom() };
  const judge = { ...identity, ...room, nowMs: Date.now(), freshSeconds };
  const verdict = settle(keeper, state, judgeDocument(state, incoming, { judge, floor }));
  if (verdict.kind === "refused") noteRefused(keeper, { incoming, verdict, quiet });
  if (verdict.kind === "accepted") noteAccepted(keeper, incoming, verdict);
  if (verdict.kind === "known") noteKnown(keeper, incoming);
  return verdict;
}

/** But an accepted head whose leaf is not this node's any more stays a problem. */
function noteKnown({ book, leaf }: Keeper, { kind }: Incoming): void {
  if (kind !== "head" || leaf.value !== null) book.clear(kind);
}

interface RefusedDocument {
  incoming: Incoming;
  verdict: Refused;
  quiet: ReadonlySet<ErrorCode>;
}

function noteRefused({ book, options }: Keeper, { incoming, verdict, quiet }: RefusedDocument): void {
  const { kind: document, envelope } = incoming;
  if (quiet.has(verdict.code))
    options.log.debug({ document, code: verdict.code }, "document was passed over");
  else book.note({ ...verdict, document, envelope });
}

/** On disk, or it does not count. */
function settle(keeper: Keeper, before: TrustState, verdict: Verdict): Verdict {
  const next = verdict.kind === "accepted" || verdict.kind === "refused" ? verdict.state : undefined;
  if (next === undefined || next === before) return verdict;
  const failure = save(keeper, next);
  return failure === null || verdict.kind === "refused"
    ? verdict
    : refused(failure.code, errorChain(failure), verdict.kind === "accepted" ? verdict.signedBy : []);
}

function change(keeper: Keeper, work: (state: TrustState) => TrustState): void {
  if (keeper.state === null) return;
  const next = work(keeper.state);
  if (next === keeper.state) return;
  const error = save(keeper, next);
  if (error !== null) keeper.options.log.warn({ error }, "accepted documents were not stored");
}

/** Null once it is on disk and counts. */
function save(keeper: Keeper, next: TrustState): ChimeraError | null {
  try {
    keeper.options.save(next);
  } catch (error) {
    if (error instanceof ChimeraError) return error;
    throw error;
  }
  keeper.state = next;
  proveLeaf(keeper);
  return null;
}

function noteAccepted(
  { book, options: { report, onJudged, log } }: Keeper,
  { kind }: Incoming,
  verdict: Extract<Verdict, { kind: "accepted" }>,
): void {
  book.clear(kind);
  const event = acceptedEvent(kind, verdict);
  if (event === null) return;
  log.info(event.data, "document was accepted");
  report(event);
  onJudged();
}

/** Under another node key the kept leaf proves nothing any more: the node says so, and waits for a new head. */
function proveLeaf(keeper: Keeper): void {
  const { state, options, book } = keeper;
  const head = state?.head ?? null;
  if (keeper.leaf.of === head) return;
  keeper.leaf = { of: head, value: null };
  if (head === null) return;
  try {
    keeper.leaf.value = proveOwnLeaf(head.proof, head.head, options.identity);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    const reason = `the head accepted at ${head.acceptedAt}: ${errorChain(error)}`;
    book.note({ document: "head", code: error.code, reason, signedBy: [], envelope: head.envelope });
  }
}

function keySetOf(keeper: Keeper): KeySet | null {
  const { state } = keeper;
  if (state === null) return null;
  if (keeper.keySet?.of !== state.keys) keeper.keySet = { of: state.keys, value: openKeys(state).set };
  return keeper.keySet.value;
}

function problemNow(code: ErrorCode, message: string): Problem {
  return { code, message: message.slice(0, 2048), at: new Date().toISOString() };
}
