/** For tests: a machine with real systemd and tmux on which operators type into sessions by orders, and what its recordings and screens show. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ChimeraError } from "@chimera/proto/errors";
import { createLog } from "@chimera/proto/log";
import type { SessionName } from "@chimera/proto/sessions/session";
import { sitDown, startTyped } from "../control/sessions/operators-fixture.ts";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import { createSessionsFixture, type SessionsFixture } from "../host/sessions/sessions-fixture.ts";
import { wireSessionOrders, type SessionOrdersWiring } from "./wire-session-orders.ts";

export interface TypedMachine {
  machine: SessionsFixture;
  /** Another agent; the one before is as if killed. */
  begin: () => HostSessions;
  /** Of the agent that began last: why sessions were not recorded. */
  unrecorded: () => readonly ChimeraError[];
  /** A shell's script with a terminal. */
  started: (script: string) => Promise<SessionName>;
  typist: (session: SessionName, author: string, take?: boolean) => ReturnType<typeof sitDown>;
  folderOf: (session: SessionName) => string;
  castsOf: (session: SessionName) => string[];
  fileOf: (session: SessionName, name?: string) => string;
  screenOf: (session: SessionName) => string;
  /** The agent's part of it. */
  end: () => void;
}

type Orders = NonNullable<SessionOrdersWiring["orders"]>;

export async function createTypedMachine(): Promise<TypedMachine> {
  const machine = await createSessionsFixture();
  let agent = beginAgent(machine);
  const folderOf = (session: SessionName): string => join(machine.stateDir, "sessions", session);
  return {
    machine,
    begin() {
      agent = beginAgent(machine);
      return agent.sessions;
    },
    unrecorded: () => agent.unrecorded,
    started: (script) => startTyped(agent.orders, script),
    typist: (session, author, take = false) =>
      sitDown(agent.orders, { session, run: agent.sessions.facts(session)?.run ?? "", author, take }),
    folderOf,
    castsOf: (session) => readdirSync(folderOf(session)).filter((name) => name.endsWith(".cast")),
    fileOf: (session, name = "recording.cast") => readFileSync(join(folderOf(session), name), "utf8"),
    screenOf: (session) => machine.tmux.tmux("-N", "capture-pane", "-p", "-S", "-", "-t", `=${session}:`),
    end: () => agent.orders.close(),
  };
}

interface Agent {
  sessions: HostSessions;
  orders: Orders;
  unrecorded: ChimeraError[];
}

function beginAgent(machine: SessionsFixture): Agent {
  const sessions = machine.agent();
  const unrecorded: ChimeraError[] = [];
  sessions.onUnrecorded((_, error) => unrecorded.push(error));
  const log = createLog({ fields: {}, write: () => undefined });
  const { orders } = wireSessionOrders({ allowExec: true, execUser: "root" }, sessions, log);
  if (orders === null) throw new Error("orders are off");
  return { sessions, orders, unrecorded };
}
