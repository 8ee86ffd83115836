/** Wiring: what signed orders may do with sessions, where this node's own system lets them. */
import type { Log } from "@chimera/proto/log";
import type { SessionName, SessionFacts } from "@chimera/proto/sessions/session";
import type { AgentConfig } from "../config.ts";
import { createKeyboardDesk } from "../control/sessions/keyboard-desk.ts";
import { createSessionOrders, type SessionOrders } from "../control/sessions/session-orders.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Typist } from "../sessions/typist.ts";

export interface SessionOrdersWiring {
  orders: SessionOrders | null;
  holderOf: (session: SessionName) => SessionFacts["keyboard"];
  /** Whom to tell that a keyboard has another holder. */
  onHolder: (listener: (session: SessionName) => void) => void;
}

export interface TypedSessions extends Sessions {
  typist: (name: SessionName, onEnd: (reason: string) => void) => Promise<Typist>;
}

export function wireSessionOrders(
  { allowExec, execUser }: Pick<AgentConfig, "allowExec" | "execUser">,
  sessions: TypedSessions,
  log: Log,
): SessionOrdersWiring {
  if (!allowExec) return { orders: null, holderOf: () => null, onHolder: () => undefined };
  const listeners: ((session: SessionName) => void)[] = [];
  const keyboard = createKeyboardDesk({
    facts: sessions.facts,
    open: sessions.typist,
    onHolder: (session) => {
      for (const listener of listeners) listener(session);
    },
    onTyped: (session, { holder, bytes }) =>
      log.debug({ session, holder, bytes }, "keys typed into a session"),
    log: log.child({ component: "keyboard" }),
  });
  const { list, start, end } = sessions;
  return {
    orders: createSessionOrders({ list, start, end, keyboard, user: execUser }),
    holderOf: keyboard.holderOf,
    onHolder: (listener) => void listeners.push(listener),
  };
}
