/** SHELL. Panics: acted on straight from the message, and read from the store like everything else. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { TrustKeeper } from "../trust/trust-keeper.ts";
import type { Found } from "./read-stored.ts";

export interface PanicEar {
  hear: (found: Found<Envelope>) => void;
  /** In a look: what was heard and could not be judged yet, then what the store has. */
  take: (found: Found<Envelope>) => Promise<void>;
}

export interface PanicEarParts {
  keeper: TrustKeeper;
  /** The newest head that the store showed, whether it was accepted or not. */
  shown: () => Envelope | null;
  /** Reads it anew. */
  show: () => Promise<Envelope | null>;
}

/** A panic stays in the store when newer heads have made it void; one that comes by message is no old news. */
const old: ReadonlySet<ErrorCode> = new Set(["panic-void"]);
const maxUndecided = 16;

export function createPanicEar({ keeper, shown, show }: PanicEarParts): PanicEar {
  let undecided: Envelope[] = [];
  return {
    hear(found) {
      if (found.kind === "malformed") refuseMalformed(keeper, found.reason);
      if (found.kind !== "found") return;
      const envelope = found.value;
      const verdict = keeper.take({ kind: "panic", envelope, undone: shown() }, old);
      const isOpen = verdict.kind === "needs-head" || (verdict.kind === "refused" && old.has(verdict.code));
      if (isOpen) undecided = [...undecided, envelope].slice(-maxUndecided);
    },
    async take(found) {
      if (found.kind === "none") keeper.clear("panic");
      if (found.kind === "malformed") refuseMalformed(keeper, found.reason);
      const heard = undecided;
      undecided = [];
      for (const envelope of heard) await judge({ keeper, show, envelope, quiet: new Set() });
      if (found.kind === "found") await judge({ keeper, show, envelope: found.value, quiet: old });
    },
  };
}

interface Judgement {
  keeper: TrustKeeper;
  show: () => Promise<Envelope | null>;
  envelope: Envelope;
  quiet: ReadonlySet<ErrorCode>;
}

/** What it undoes may be newer than what this node has seen: the store is asked before it is called void. */
async function judge({ keeper, show, envelope, quiet }: Judgement): Promise<void> {
  const first = keeper.take({ kind: "panic", envelope, undone: null }, old);
  if (first.kind !== "needs-head" && !(first.kind === "refused" && old.has(first.code))) return;
  const verdict = keeper.take({ kind: "panic", envelope, undone: await show() }, quiet);
  if (verdict.kind !== "needs-head" || quiet.has("panic-void")) return;
  const reason = `the store does not show head ${verdict.id}, which it undoes`;
  keeper.refuse({ document: "panic", code: "panic-void", reason, signedBy: [], envelope });
}

function refuseMalformed(keeper: TrustKeeper, reason: string): void {
  keeper.refuse({ document: "panic", code: "input-invalid", reason, signedBy: [], envelope: null });
}
