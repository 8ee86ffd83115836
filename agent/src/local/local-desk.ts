/**
 * SHELL. Takes root's orders on the node: judges them, saves them, reports them, wakes the loop. One after the other, so that
 * each is judged by what the one before has changed.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import { localError, type LocalAnswer, type LocalOutcome, type OwnRequest } from "@chimera/proto/local-api";
import { createLocalOrder, type LocalState } from "@chimera/proto/local-order";
import type { StorePath } from "@chimera/proto/names";
import { composeLocalStatus } from "./compose-local-status.ts";
import { createSpanClock, type SpanClock } from "./span-clock.ts";
import {
  refuseSystem,
  targetOfRevert,
  type LocalFacts,
  type Refusal,
  type SystemFinding,
} from "./judge-local.ts";
import { holdEnded, localEvent, orderEnded, type LocalReport } from "./local-events.ts";
import { activeLocalHold, endedLocalOrder } from "./merge-local.ts";

export interface LocalDeskOptions {
  state: () => LocalState;
  /** Returns once it is on disk; what is not there was not ordered. */
  save: (state: LocalState) => void;
  facts: () => LocalFacts;
  inspect: (toplevel: StorePath) => Promise<SystemFinding>;
  isQuarantined: (toplevel: StorePath) => boolean;
  /** After each change: the loop looks again. */
  onChange: () => void;
  report: (event: NodeEventBody) => void;
  /** Never earlier than the newest signed document. */
  nowMs: () => number;
  /** Since boot: no clock step moves it. */
  uptimeMs: () => number;
}

export interface LocalDesk {
  answer: (request: OwnRequest) => Promise<LocalAnswer>;
  /** Forgets what is over, and reports each end once: to be called before each pass. */
  settle: () => void;
}

type Ordering = Extract<OwnRequest, { command: "apply" | "revert" }>;
type Holding = Extract<OwnRequest, { command: "hold" }>;

interface Desk extends LocalDeskOptions {
  spans: SpanClock;
}

export function createLocalDesk(options: LocalDeskOptions): LocalDesk {
  const desk: Desk = { ...options, spans: createSpanClock() };
  let last: Promise<unknown> = Promise.resolve();
  return {
    answer(request) {
      const answered = last.then(() => answer(desk, request));
      last = answered.catch(() => undefined);
      return answered;
    },
    settle: () => settle(desk),
  };
}

async function answer(desk: Desk, request: OwnRequest): Promise<LocalAnswer> {
  try {
    const done = await carryOut(desk, request);
    if (typeof done !== "string") return localError(done.code, done.message);
    return { v: 1, ok: true, outcome: done, status: statusOf(desk) };
  } catch (error) {
    // A full disk or a Nix that does not answer is for whoever asked.
    if (error instanceof ChimeraError) return localError(error.code, errorChain(error));
    throw error;
  }
}

async function carryOut(desk: Desk, request: OwnRequest): Promise<LocalOutcome | Refusal> {
  switch (request.command) {
    case "status":
      return "shown";
    case "apply":
      return order(desk, request, request.toplevel);
    case "revert": {
      const target = targetOfRevert(desk.facts());
      return typeof target === "string" ? order(desk, request, target) : target;
    }
    case "hold":
      return hold(desk, request);
    case "release":
      return release(desk, request);
  }
}

async function order(desk: Desk, request: Ordering, toplevel: StorePath): Promise<LocalOutcome | Refusal> {
  const finding = await desk.inspect(toplevel);
  const [facts, local, nowMs] = [desk.facts(), desk.state(), desk.nowMs()];
  const { isQuarantined } = desk;
  const refusal = refuseSystem(toplevel, finding, { facts, local, isQuarantined, nowMs });
  if (refusal !== null) return refusal;
  const { command, seconds, author, reason } = request;
  const { wanted, system } = facts.status;
  const isSigned = toplevel === wanted && toplevel === system.current;
  const until = iso(nowMs + seconds * 1000);
  const next = isSigned
    ? null
    : createLocalOrder({
        v: 1,
        kind: "local-order",
        action: command,
        toplevel,
        base: facts.signedPlace ?? { epoch: 0, serial: 0, rank: 0 },
        createdAt: iso(nowMs),
        until,
        author,
        reason,
      });
  const said = { action: command, toplevel, until: isSigned ? null : until, author, reason };
  keep(desk, { ...local, order: next }, said);
  return isSigned ? "adopted" : "ordered";
}

function hold(desk: Desk, { seconds, drift, evenPanic, author, reason }: Holding): LocalOutcome {
  const until = iso(desk.nowMs() + seconds * 1000);
  const next = { until, drift, evenPanic, author, reason };
  keep(desk, { ...desk.state(), hold: next }, { action: "hold", toplevel: null, until, author, reason });
  return "held";
}

function release(desk: Desk, { author, reason }: Pick<LocalReport, "author" | "reason">): LocalOutcome {
  const local = desk.state();
  const boot = standingBoot(desk.facts(), local);
  if (activeLocalHold(local, desk.nowMs()) === null && boot === null) return "not-held";
  const goesOn = boot === null ? {} : { goesOnIn: boot };
  const next = { ...local, hold: null, ...goesOn };
  keep(desk, next, { action: "release", toplevel: null, until: null, author, reason });
  return "released";
}

/** The boot that nothing is switched in, since another system than the default was booted; null where that is not so. */
function standingBoot({ journal, status }: LocalFacts, { goesOnIn }: LocalState): string | null {
  const booted = journal?.bootedOther ?? null;
  const { bootId } = status.agent;
  return booted !== null && booted === status.system.current && goesOnIn !== bootId ? bootId : null;
}

function settle(desk: Desk): void {
  const local = desk.state();
  const ended = endedOrder(desk, local);
  const over = endedHold(desk, local);
  if (ended === null && over === null) return;
  const next = {
    ...local,
    ...(ended === null ? {} : { order: null }),
    ...(over === null ? {} : { hold: null }),
  };
  // It counts no more, forgotten or not: the next pass tries again.
  if (!trySave(desk, next)) return;
  if (ended !== null) desk.report(orderEnded(ended));
  if (over !== null) desk.report(holdEnded(over));
}

function endedOrder({ facts, spans, uptimeMs, nowMs }: Desk, local: LocalState) {
  const { order: kept } = local;
  if (kept === null) return null;
  const now = nowMs();
  const ended = endedLocalOrder(local, { place: facts().signedPlace, nowMs: now });
  // By a clock that stands still an order would last for ever.
  const isOver = spans.isOver(kept, { uptimeMs: uptimeMs(), nowMs: now });
  return ended ?? (isOver ? { order: kept, reason: "its time is over" } : null);
}

function endedHold({ nowMs }: Desk, local: LocalState): LocalState["hold"] {
  return activeLocalHold(local, nowMs()) === null ? local.hold : null;
}

function trySave({ save }: Desk, next: LocalState): boolean {
  try {
    save(next);
    return true;
  } catch (error) {
    if (error instanceof ChimeraError) return false;
    throw error;
  }
}

function keep({ save, report, onChange }: Desk, next: LocalState, data: LocalReport): void {
  save(next);
  report(localEvent(data));
  onChange();
}

function statusOf({ facts, state, nowMs }: Desk) {
  return composeLocalStatus(facts(), state(), nowMs());
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
