/** SHELL. Panics: acted on straight from the message, and read from the store like everything else. */
import type { Verdict } from "@chimera/proto/acceptance/verdict";
import type { ErrorCode } from "@chimera/proto/errors";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { TrustKeeper } from "../trust/trust-keeper.ts";
import type { Found, Parsed } from "./read-stored.ts";

export interface PanicEar {
  /** False where the store must be asked before it can be judged. */
  hear: (found: Parsed<Envelope>) => boolean;
  /** In a look: what was heard and could not be judged yet, then what the store has. */
  take: (found: Found<Envelope>) => Promise<void>;
}

export interface PanicEarParts {
  keeper: TrustKeeper;
  /** The newest head that the store showed, whether it was accepted or not. */
  shown: () => Envelope | null;
  /** Reads it anew. */
  show: () => Promise<Found<Envelope>>;
}

/** A panic stays in the store when newer heads have made it void; one that comes by message is no old news. */
const old: ReadonlySet<ErrorCode> = new Set(["panic-void"]);
const maxUndecided = 16;

export function createPanicEar({ keeper, shown, show }: PanicEarParts): PanicEar {
  let undecided: Envelope[] = [];
  return {
    hear(found) {
      if (found.kind === "malformed") {
        keeper.refuseMalformed("panic", found.reason);
        return true;
      }
      const verdict = keeper.take({ kind: "panic", envelope: found.value, undone: shown() }, old);
      if (!isOpen(verdict)) return true;
      undecided = [...undecided, found.value].slice(-maxUndecided);
      return false;
    },
    async take(found) {
      if (found.kind === "none") keeper.clear("panic");
      if (found.kind === "malformed") keeper.refuseMalformed("panic", found.reason);
      const heard = undecided;
      undecided = [];
      for (const envelope of heard) {
        const isJudged = await judge({ keeper, show, envelope, quiet: new Set() });
        if (!isJudged) undecided = [...undecided, envelope].slice(-maxUndecided);
      }
      if (found.kind === "found") await judge({ keeper, show, envelope: found.value, quiet: old });
    },
  };
}

interface Judgement {
  keeper: TrustKeeper;
  show: () => Promise<Found<Envelope>>;
  envelope: Envelope;
  quiet: ReadonlySet<ErrorCode>;
}

/**
 * What it undoes may be newer than what this node has seen: the store is asked before it is called void. False while
 * nobody answers that.
 */
async function judge({ keeper, show, envelope, quiet }: Judgement): Promise<boolean> {
  if (!isOpen(keeper.take({ kind: "panic", envelope, undone: null }, old))) return true;
  const shown = await show();
  if (shown.kind === "unanswered") return false;
  const undone = shown.kind === "found" ? shown.value : null;
  const verdict = keeper.take({ kind: "panic", envelope, undone }, quiet);
  if (verdict.kind === "needs-head" && !quiet.has("panic-void")) {
    const reason = `the store does not show head ${verdict.id}, which it undoes`;
    keeper.refuse({ document: "panic", code: "panic-void", reason, signedBy: [], envelope });
  }
  return true;
}

function isOpen(verdict: Verdict): boolean {
  return verdict.kind === "needs-head" || (verdict.kind === "refused" && old.has(verdict.code));
}
