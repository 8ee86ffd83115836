/**
 * PURE. Who gets the keyboard of a session: nobody whose session is gone or has no terminal, and nobody who takes it from another one than he said.
 */
import type { ErrorCode } from "@chimera/proto/errors";
import type { KeyboardAction } from "@chimera/proto/sessions/session-order";
import type { KeyboardHolder, SessionFacts } from "@chimera/proto/sessions/session";

export interface Holding extends KeyboardHolder {
  /** Of the order that gave it. */
  createdAt: string;
}

export interface Refusal {
  code: ErrorCode;
  message: string;
  /** Who holds it, where that is why. */
  held?: KeyboardHolder;
}

type Wish = Pick<KeyboardAction, "session" | "run" | "take" | "replaces" | "renews">;

/** Null where it is given. */
export function refuseKeyboard(
  wish: Wish,
  createdAt: string,
  { facts, held }: { facts: SessionFacts | null; held: Holding | null },
): Refusal | null {
  const { session, run } = wish;
  if (facts === null) return { code: "not-found", message: `there is no session ${session}` };
  const refusal = refuseSession(facts, run);
  if (refusal !== null) return refusal;
  return held === null ? refuseRenewal(wish) : refuseHeld(wish, createdAt, held);
}

function refuseSession(facts: SessionFacts, run: string): Refusal | null {
  const { name, state, output, kind } = facts;
  if (facts.run !== run)
    return { code: "order-stale", message: `${name} is another session by now: look at it again` };
  if (state !== "running") return { code: "not-found", message: `${name} is over: nothing reads keys there` };
  if (kind !== "task" && kind !== "run")
    return { code: "role-forbidden", message: `nobody types into a session of kind ${kind}` };
  if (output === "terminal") return null;
  return { code: "input-invalid", message: `the programs of ${name} have no terminal to type into` };
}

/** Somebody may have had it in between. */
function refuseRenewal({ renews = false }: Wish): Refusal | null {
  return renews ? { code: "order-stale", message: "nobody holds the keyboard any more: ask for it" } : null;
}

/** No clock of an operator decides: who takes it says by which order it was held, and there is one such order at a time. */
function refuseHeld(wish: Wish, createdAt: string, held: Holding): Refusal | null {
  if (wish.replaces === undefined) return refuseOlder(wish, createdAt, held);
  return wish.take && wish.replaces === held.order ? null : refuseTaken(held);
}

/** An order that names none and was given before the one that counts came late, by whatever way: it takes nothing back. */
function refuseOlder({ take }: Wish, createdAt: string, held: Holding): Refusal | null {
  if (Date.parse(createdAt) <= Date.parse(held.createdAt))
    return { code: "order-stale", message: `the keyboard was given to ${held.holder} by a newer order` };
  return take ? null : refuseTaken(held);
}

function refuseTaken({ order, holder, until }: Holding): Refusal {
  const message = `${holder} holds the keyboard until ${until} (--take takes it)`;
  return { code: "keyboard-held", message, held: { order, holder, until } };
}
