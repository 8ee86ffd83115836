/** Wiring: what signed orders may do with sessions, where this node's own system lets them. */
import type { Log } from "@chimera/proto/log";
import type { SessionName, SessionFacts } from "@chimera/proto/sessions/session";
import type { AgentConfig } from "../config.ts";
import { createKeyboardDesk, type KeyboardHeld } from "../control/sessions/keyboard-desk.ts";
import { createSessionOrders, type SessionOrders } from "../control/sessions/session-orders.ts";
import type { KeyboardWitness } from "../sessions/keyboard-witness.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Typist } from "../sessions/typist.ts";

export interface SessionOrdersWiring {
  orders: SessionOrders | null;
  holderOf: (session: SessionName) => SessionFacts["keyboard"];
  /** Whom to tell that a keyboard has another holder, and what the one before did. */
  tellTo: (listener: KeyboardListener) => void;
}

interface KeyboardListener {
  holder: (session: SessionName) => void;
  over: (held: KeyboardHeld) => void;
}

export interface TypedSessions extends Sessions {
  typist: (name: SessionName, onEnd: (reason: string) => void) => Promise<Typist>;
  witness: KeyboardWitness;
}

export function wireSessionOrders(
  { allowExec, execUser }: Pick<AgentConfig, "allowExec" | "execUser">,
  sessions: TypedSessions,
  log: Log,
): SessionOrdersWiring {
  if (!allowExec) return { orders: null, holderOf: () => null, tellTo: () => undefined };
  const listeners: KeyboardListener[] = [];
  const { witness, typist } = sessions;
  const keyboard = createKeyboardDesk({
    facts: sessions.facts,
    async open(session, onEnd) {
      // From before the first key on.
      await witness.begin(session);
      return typist(session, onEnd);
    },
    onHolder(session) {
      const holder = keyboard.holderOf(session);
      if (holder !== null) witness.given(session, holder);
      listeners.forEach((listener) => listener.holder(session));
    },
    onTyped: witness.typed,
    onOver(held) {
      witness.over(held.session, held.reason);
      listeners.forEach(({ over }) => over(held));
    },
    log: log.child({ component: "keyboard" }),
  });
  const { list, start, end } = sessions;
  return {
    orders: createSessionOrders({ list, start, end, keyboard, user: execUser }),
    holderOf: keyboard.holderOf,
    tellTo: (listener) => void listeners.push(listener),
  };
}
