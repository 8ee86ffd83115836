/** PURE. Whether root's order can be carried out now; each refusal says what stands in its way. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { Hold } from "@chimera/proto/acceptance/trust-state";
import type { JournalView } from "@chimera/proto/local-api";
import type { LocalState } from "@chimera/proto/local-order";
import type { StorePath } from "@chimera/proto/names";
import { showPlace, type Place } from "@chimera/proto/signed/place";
import type { NodeStatus } from "@chimera/proto/status";
import { activeLocalHold } from "./merge-local.ts";

/** What the agent knows at the time of the question. */
export interface LocalFacts {
  status: NodeStatus;
  journal: JournalView | null;
  /** Of the newest signed document that the node accepted; null where there is none. */
  signedPlace: Place | null;
  /** The signed hold that counts now. */
  signedHold: Hold | null;
}

/** What lies under a path in this machine's store. */
export type SystemFinding = { kind: "system" } | { kind: "missing" } | { kind: "no-system"; lacks: string };

export interface Refusal {
  code: ErrorCode;
  message: string;
}

export interface Bench {
  facts: LocalFacts;
  local: LocalState;
  isQuarantined: (toplevel: StorePath) => boolean;
  nowMs: number;
}

/** Null where the system may be activated. */
export function refuseSystem(toplevel: StorePath, finding: SystemFinding, bench: Bench): Refusal | null {
  return (
    lackOf(toplevel, finding) ??
    quarantineOf(toplevel, bench) ??
    panicOf(bench.facts) ??
    halfDone(bench.facts.journal) ??
    holdOf(bench)
  );
}

/** What a revert goes back to. */
export function targetOfRevert({ status, journal }: LocalFacts): StorePath | Refusal {
  const before = journal?.before.current ?? null;
  if (before === null) return notFound("the journal knows no system that ran before the present one");
  if (before !== status.system.current) return before;
  return notFound(`${before} ran before the newest order, and runs now: there is nothing to go back from`);
}

function lackOf(toplevel: StorePath, finding: SystemFinding): Refusal | null {
  switch (finding.kind) {
    case "system":
      return null;
    case "missing":
      return notFound(
        `${toplevel} is not valid in this store: bring it here first, as with nix copy or nix build`,
      );
    case "no-system":
      return { code: "input-invalid", message: `${toplevel} is no NixOS system: it has no ${finding.lacks}` };
  }
}

function quarantineOf(toplevel: StorePath, { isQuarantined }: Bench): Refusal | null {
  if (!isQuarantined(toplevel)) return null;
  const message = `${toplevel} is in quarantine on this node: only a signed list pardons it (chimera quarantine)`;
  return { code: "quarantined", message };
}

function panicOf({ status }: LocalFacts): Refusal | null {
  const panic = status.panic ?? null;
  if (panic === null) return null;
  const shown = showPlace({ ...panic, rank: 1 });
  return { code: "panic-holds", message: `panic ${shown} holds until a newer head is accepted` };
}

function halfDone(journal: JournalView | null): Refusal | null {
  if (journal === null || journal.isReplaceable) return null;
  const { step, toplevel } = journal;
  const message = `an order is half done: ${step} of ${toplevel}; it is finished or undone first (chimera local status)`;
  return { code: "write-conflict", message };
}

function holdOf({ facts, local, nowMs }: Bench): Refusal | null {
  const own = activeLocalHold(local, nowMs);
  const { signedHold } = facts;
  if (signedHold !== null) return heldBy(signedHold, "an operator ends it: chimera hold release");
  return own === null ? null : heldBy(own, "chimera local release ends it");
}

function heldBy({ author, until, reason }: Hold, way: string): Refusal {
  return { code: "held", message: `held by ${author} until ${until}: ${reason} (${way})` };
}

function notFound(message: string): Refusal {
  return { code: "not-found", message };
}
