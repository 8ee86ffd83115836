/** SHELL. What signed orders do with this node's sessions: they start some, and give somebody the keyboard of one. */
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionAnswer } from "@chimera/proto/sessions/order-answer";
import {
  isOfOrder,
  maxExecSessions,
  type EndAction,
  type ExecAction,
} from "@chimera/proto/sessions/session-order";
import { SessionName, type SessionFacts } from "@chimera/proto/sessions/session";
import { execStarts, type ExecStart } from "../../sessions/exec-starts.ts";
import type { AcceptedOrder } from "../orders/order-desk.ts";
import type { KeyboardDesk } from "./keyboard-desk.ts";

export interface SessionOrders {
  /** Sessions that orders may still start here. */
  room: () => number;
  carryOut: (accepted: AcceptedOrder) => Promise<SessionAnswer>;
  /** A message on the keys' subject of a session. */
  takeKeys: (session: string, data: Uint8Array) => void;
  close: () => void;
}

type Outcome =
  | { kind: "started"; facts: SessionFacts }
  | { kind: "refused"; name: SessionName; code: string; message: string };

export interface SessionOrdersOptions {
  list: () => SessionFacts[];
  /** All in one go: the outcomes are in their order. */
  start: (starts: readonly ExecStart[]) => Promise<Outcome[]>;
  /** Throws ChimeraError; not-found for one that has ended. */
  end: (name: SessionName, signal: EndAction["signal"]) => Promise<void>;
  keyboard: KeyboardDesk;
  /** As whom commands run. */
  user: string;
}

export function createSessionOrders(options: SessionOrdersOptions): SessionOrders {
  const { list, keyboard } = options;
  return {
    room: () => Math.max(0, maxExecSessions - list().filter(isExec).length),
    carryOut: (accepted) => carryOut(options, accepted),
    takeKeys(session, data) {
      const name = SessionName.safeParse(session);
      if (name.success) keyboard.take(name.data, data);
    },
    close: keyboard.close,
  };
}

function isExec({ name, state }: SessionFacts): boolean {
  return state === "running" && name.startsWith("exec-");
}

async function carryOut(options: SessionOrdersOptions, accepted: AcceptedOrder): Promise<SessionAnswer> {
  const { action } = accepted.order;
  if (action.kind === "exec") return startExec(options, accepted, action);
  if (action.kind === "exec-end") return endExec(options, action);
  if (action.kind === "keyboard") return options.keyboard.give({ ...accepted, action });
  return { kind: "refused", code: "bug", message: `an order of kind ${action.kind} is not about sessions` };
}

async function startExec(
  { start, user }: SessionOrdersOptions,
  accepted: AcceptedOrder,
  action: ExecAction,
): Promise<SessionAnswer> {
  const outcomes = await start(execStarts({ ...accepted, action }, user));
  const sessions = outcomes.flatMap((outcome) =>
    outcome.kind === "started" ? [{ name: outcome.facts.name, run: outcome.facts.run }] : [],
  );
  const refused = outcomes.find((outcome) => outcome.kind === "refused");
  const failed =
    refused === undefined ? null : { code: refused.code, message: refused.message.slice(0, 1024) };
  return { kind: "started", sessions, failed };
}

/** What has ended meanwhile is ended. */
async function endExec({ list, end }: SessionOrdersOptions, action: EndAction): Promise<SessionAnswer> {
  const sessions = list()
    .filter(({ name, state }) => state === "running" && isOfOrder(action.order, name))
    .map(({ name }) => name);
  const outcomes = await Promise.allSettled(sessions.map((name) => end(name, action.signal)));
  const failed = outcomes.find((outcome) => outcome.status === "rejected")?.reason;
  if (failed === undefined || (failed instanceof ChimeraError && failed.code === "not-found"))
    return { kind: "ended", sessions };
  if (!(failed instanceof ChimeraError)) throw failed;
  return { kind: "refused", code: failed.code, message: failed.message.slice(0, 1024) };
}
