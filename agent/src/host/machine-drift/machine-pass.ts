/** SHELL. One look at a part of the machine beyond /etc: what differs is put back or told, each as its class says. */
import type { DriftItem, DriftSummary } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import pLimit from "p-limit";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import type { EtcBudget } from "../../reconcile/drift/etc-budget.ts";
import { createStandingAlarms, type StandingAlarms } from "../../reconcile/drift/standing-alarms.ts";
import type { Stance } from "../../reconcile/drift/drift-stance.ts";
import { createResponder, type Responded, type Responder } from "../drift/drift-response.ts";
import type { Finding, Look, LookContext, MachineSource } from "./machine-source.ts";

export interface MachinePassOptions {
  source: MachineSource;
  mode: DriftMode;
  isHeld: () => boolean;
  /** What policy says of a path; without it, what the mode says. */
  stance?: (path: string) => Stance;
  budget?: EtcBudget;
  isIgnored: (item: DriftItem) => boolean;
  /** Null while no system of ours runs, or another one does. */
  context: () => LookContext | "busy" | null;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

export interface MachinePass {
  source: MachineSource;
  /** `deferred`: a switch runs or the system changed; look again soon. */
  look(): Promise<"done" | "deferred">;
  /** Puts back again what was fought over; false where nobody fought. */
  resume(path: string): boolean;
  summary(): DriftSummary;
}

interface State extends MachinePassOptions {
  responder: Responder;
  alarms: StandingAlarms;
}

export function createMachinePass(options: MachinePassOptions): MachinePass {
  const { onEvent, log } = options;
  const alarms = createStandingAlarms({
    onEvent,
    onRaised: (code, problem) => log.error({ code, problem }, "drift alarm raised"),
    nowMs: () => performance.now(),
  });
  const state: State = { ...options, responder: createResponder(options), alarms };
  return {
    source: options.source,
    look: () => look(state),
    resume: (path) => state.responder.resume(path),
    summary: () => ({ ...state.responder.summary(), ...unseenFact(state) }),
  };
}

function noteUnseen(state: State, unseen: Look["unseen"]): void {
  if (unseen === undefined) return;
  const { code, what } = unseen;
  state.alarms.raise(code, `cannot be compared, and nothing of it is put back: ${what}`, what);
}

const shownUnseen = 512;

function unseenFact({ alarms }: State): Pick<DriftSummary, "unseen"> {
  const all = alarms.shown();
  return all.length === 0 ? {} : { unseen: all.map((text) => text.slice(0, shownUnseen)) };
}

/** Together, so that what is removed shares a reload; not all of them, since each holds descriptors. */
const atOnce = 128;

async function look(state: State): Promise<"done" | "deferred"> {
  const context = state.mode === "ignore" ? null : state.context();
  if (context === "busy") return "deferred";
  if (context === null) {
    state.alarms.clear();
    noteSwept(state, 0, []);
    return "done";
  }
  const { findings, managed, problems = [], unseen } = await state.source.look(context);
  // What was found meanwhile may be of the system before.
  if (!context.isCurrent()) return "deferred";
  for (const problem of problems) state.alarms.raise("machine-unreadable", problem);
  noteUnseen(state, unseen);
  state.alarms.endLook();
  const counted = firstOfEachPath(findings.filter(({ item }) => !state.isIgnored(item)));
  const limit = pLimit(atOnce);
  const answers = await Promise.all(counted.map((finding) => limit(() => respond(state, finding))));
  noteSwept(state, managed, counted);
  return answers.includes("abandoned") ? "deferred" : "done";
}

async function respond({ responder }: State, { item, revert, ...how }: Finding): Promise<Responded> {
  if (revert !== null) return responder.respond({ item, since: performance.now(), revert });
  const stance = responder.stanceOf(item.path);
  if (stance.kind === "ignore") responder.noteClean(item.path);
  else responder.tell(item, stance.kind === "report" ? { ...how, why: stance.why } : how);
  return "open";
}

/** One path is told once: of two differences there the first says more. */
function firstOfEachPath(findings: readonly Finding[]): Finding[] {
  const paths = new Set<string>();
  return findings.filter(({ item }) => {
    const isFirst = !paths.has(item.path);
    paths.add(item.path);
    return isFirst;
  });
}

function noteSwept({ responder }: State, managed: number, findings: readonly Finding[]): void {
  const seen = new Set(findings.map(({ item }) => item.path));
  responder.noteSwept({ at: new Date().toISOString(), managed, seen });
}
