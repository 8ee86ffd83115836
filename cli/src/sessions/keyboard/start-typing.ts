/** SHELL. The keyboard of a session for whoever attaches to it, from the first key to the last. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import type { FoundSession } from "../find-session.ts";
import { renewKeyboard, takeKeyboard, type KeyboardWish } from "./take-keyboard.ts";
import { createTyping, type Typing } from "./typing.ts";

export interface StartOptions {
  found: FoundSession;
  keyboard: KeyboardWish;
  say: (text: string) => void;
  leave: () => void;
}

/** Throws usage where nobody could type, and what the node refuses. */
export async function startTyping(io: Io, { found, keyboard, say, leave }: StartOptions): Promise<Typing> {
  const { node, session, facts } = found;
  if (!io.inTty || !io.outTty) throw new ChimeraError("usage", "--keyboard: here is no terminal to type at");
  if (facts === null) throw new ChimeraError("not-found", `${node} said nothing of a session ${session}`);
  const known = { ...found, facts };
  const held = await takeKeyboard(io, known, keyboard);
  // Short, since a row of the terminal may be all that there is for it.
  const whose = held.before === null ? "" : `, which ${printableLine(held.before)} had`;
  say(`you hold the keyboard${whose}`);
  const { context } = keyboard;
  const renew = (order: Digest) => renewKeyboard(io, known, { context, order });
  return createTyping({ keyboard: held, renew, nowMs: io.nowMs, say, leave });
}
