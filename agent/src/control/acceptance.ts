/** SHELL. From "something may be new" to an accepted head on disk, or a refusal that is reported once. */
import { sha256 } from "@chimera/proto/signed/canonical";
import type { Envelope, RoleKeys } from "@chimera/proto/signed/envelope";
import { ChimeraError, errorChain, errorCodes, type ErrorCode } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Accepted, OpenedHead } from "@chimera/proto/signed/head";
import type { Log } from "@chimera/proto/log";
import type { WorldId } from "@chimera/proto/names";
import type { Leaf, LeafProof } from "@chimera/proto/signed/world";
import { proveOwnLeaf, reviewHead, type AcceptedHead, type NodeIdentity } from "./accepted.ts";
import type { StoredHead } from "./desired.ts";

export interface AcceptanceOptions {
  identity: NodeIdentity;
  publish: RoleKeys;
  accepted: AcceptedHead | null;
  /** Where the accepted head was lost with its file, the order that the journal still knows: nothing below it. */
  floor: Accepted | null;
  /** Returns once it is on disk; throws when the disk refuses, and then nothing is accepted. */
  save: (accepted: AcceptedHead) => void;
  readHead: () => Promise<StoredHead>;
  fetchLeaf: (world: WorldId) => Promise<LeafProof>;
  report: (event: NodeEventBody) => void;
  /** A head was accepted, or refused for a new reason: the loop has something to do, the status something to say. */
  onJudged: () => void;
  log: Log;
}

interface HeadProblem {
  code: ErrorCode;
  message: string;
  at: string;
}

export interface Acceptance {
  accepted: () => AcceptedHead | null;
  /** Proven leaf of the accepted head. */
  leaf: () => Leaf | null;
  /** Why the newest head is not accepted; null when it is. */
  problem: () => HeadProblem | null;
  /** Looks once. Looks never overlap: one that is asked for meanwhile follows. */
  refresh: () => Promise<void>;
}

interface State {
  accepted: AcceptedHead | null;
  leaf: Leaf | null;
  problem: HeadProblem | null;
  /** The last refusal that became an event: the same bad head is read every 30 s. */
  reported: string;
}

interface Refusal {
  code: ErrorCode;
  message: string;
  signedBy: string[];
  /** Names the refused bytes. */
  about: string;
}

export function createAcceptance(options: AcceptanceOptions): Acceptance {
  const state: State = { accepted: options.accepted, leaf: null, problem: null, reported: "" };
  proveKept(state, options);
  let running: Promise<void> | null = null;
  let again = false;

  const lookUntilQuiet = async () => {
    do {
      again = false;
      // Caught here: somebody who asked while a look failed still gets one of their own.
      await look(state, options).catch((error: unknown) =>
        options.log.debug({ error }, "head could not be read"),
      );
    } while (again);
  };

  return {
    accepted: () => state.accepted,
    leaf: () => state.leaf,
    problem: () => state.problem,
    refresh() {
      again = running !== null;
      running ??= lookUntilQuiet().finally(() => {
        running = null;
      });
      return running;
    },
  };
}

/** Under another node key or fleet the kept leaf proves nothing any more: the node says so, and waits for a new head. */
function proveKept(state: State, options: AcceptanceOptions): void {
  const { accepted } = state;
  if (accepted === null) return;
  try {
    state.leaf = proveOwnLeaf(accepted.leaf, accepted.head, options.identity);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    const message = `the head accepted at ${accepted.acceptedAt}: ${errorChain(error)}`;
    refuse(state, options, { code: error.code, message, signedBy: [], about: accepted.id });
  }
}

async function look(state: State, options: AcceptanceOptions): Promise<void> {
  const stored = await options.readHead();
  if (stored.kind === "none") return;
  if (stored.kind === "malformed") {
    refuse(state, options, {
      code: "input-invalid",
      message: stored.reason,
      signedBy: [],
      about: stored.reason,
    });
    return;
  }
  const { envelope } = stored;
  const { publish, identity } = options;
  const order = orderOf(state.accepted) ?? options.floor;
  const review = reviewHead(envelope, { publish, fleetId: identity.fleetId, accepted: order }, Date.now());
  switch (review.kind) {
    case "known":
      if (state.leaf !== null) state.problem = null;
      return;
    case "refused":
      refuse(state, options, { ...review, about: nameOf(envelope) });
      return;
    case "new":
      await accept(state, options, review);
  }
}

async function accept(
  state: State,
  options: AcceptanceOptions,
  { opened, envelope }: { opened: OpenedHead; envelope: Envelope },
): Promise<void> {
  const { head, id, signedBy } = opened;
  try {
    const proof = await options.fetchLeaf(head.world);
    const leaf = proveOwnLeaf(proof, head, options.identity);
    const next = { v: 1 as const, id, acceptedAt: new Date().toISOString(), head, envelope, leaf: proof };
    options.save(next);
    [state.accepted, state.leaf, state.problem] = [next, leaf, null];
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    const { code } = error;
    refuse(state, options, { code, message: errorChain(error), signedBy, about: nameOf(envelope) });
    return;
  }
  const { epoch, serial, world } = head;
  options.log.info({ epoch, serial, world }, "head was accepted");
  options.report({ type: "head-accepted", data: { epoch, serial, id, world } });
  options.onJudged();
}

function refuse(state: State, { log, report, onJudged }: AcceptanceOptions, refusal: Refusal): void {
  const { code, signedBy } = refusal;
  const message = refusal.message.slice(0, 2048);
  state.problem = { code, message, at: new Date().toISOString() };
  const key = `${code} ${refusal.about}`;
  if (key === state.reported) return;
  state.reported = key;
  log.warn({ code, reason: message }, "head was not accepted");
  onJudged();
  // A controller that is away for a moment refuses nothing.
  if (errorCodes[code].retry === "backoff") return;
  report({ type: "head-refused", data: { code, message, signedBy: signedBy.slice(0, 16) } });
}

function orderOf(accepted: AcceptedHead | null): Accepted | null {
  return accepted === null ? null : { ...accepted.head, id: accepted.id };
}

function nameOf(envelope: Envelope): string {
  return sha256(Buffer.from(JSON.stringify(envelope)));
}
