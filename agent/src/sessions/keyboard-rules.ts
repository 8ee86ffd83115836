/** PURE. Who gets the keyboard of a session: nobody whose session is gone or has no terminal, and nobody who holds less than the newest order. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { KeyboardAction } from "@chimera/proto/sessions/session-order";
import type { SessionFacts } from "@chimera/proto/sessions/session";

export interface Holding {
  holder: string;
  until: string;
  /** Of the order that gave it. */
  createdAt: string;
}

export interface Refusal {
  code: ErrorCode;
  message: string;
}

/** Null where it is given. */
export function refuseKeyboard(
  { session, run, take }: Pick<KeyboardAction, "session" | "run" | "take">,
  createdAt: string,
  { facts, held }: { facts: SessionFacts | null; held: Holding | null },
): Refusal | null {
  if (facts === null) return { code: "not-found", message: `there is no session ${session}` };
  return refuseSession(facts, run) ?? (held === null ? null : refuseHeld(held, { take, createdAt }));
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

/** An order that was given before the one that counts came late, by whatever way: it takes nothing back. */
function refuseHeld(
  { holder, until, createdAt: newest }: Holding,
  { take, createdAt }: { take: boolean; createdAt: string },
): Refusal | null {
  if (Date.parse(createdAt) <= Date.parse(newest))
    return { code: "order-stale", message: `the keyboard was given to ${holder} by a newer order` };
  if (take) return null;
  return { code: "keyboard-held", message: `${holder} holds the keyboard until ${until} (--take takes it)` };
}
