/** SHELL. One look at a part of the machine beyond /etc: what differs is put back or told, each as its class says. */
import type { DriftItem, DriftSummary } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import pLimit from "p-limit";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import type { EtcBudget } from "../../reconcile/drift/etc-budget.ts";
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
  alarmed: Set<string>;
  /** What the latest look could not compare. */
  unseen: string | null;
}

export function createMachinePass(options: MachinePassOptions): MachinePass {
  const state: State = { ...options, responder: createResponder(options), alarmed: new Set(), unseen: null };
  return {
    source: options.source,
    look: () => look(state),
    resume: (path) => state.responder.resume(path),
    summary: () => ({ ...state.responder.summary(), ...unseenFact(state) }),
  };
}

function noteUnseen(state: State, unseen: Look["unseen"]): void {
  state.unseen = unseen?.what ?? null;
  if (unseen !== undefined)
    alarm(state, unseen.code, `cannot be compared, and nothing of it is put back: ${unseen.what}`);
}

const shownUnseen = 512;

function unseenFact({ unseen }: State): Pick<DriftSummary, "unseen"> {
  return unseen === null ? {} : { unseen: [unseen.slice(0, shownUnseen)] };
}

/** Together, so that what is removed shares a reload; not all of them, since each holds descriptors. */
const atOnce = 128;

async function look(state: State): Promise<"done" | "deferred"> {
  const context = state.mode === "ignore" ? null : state.context();
  if (context === "busy") return "deferred";
  if (context === null) {
    state.unseen = null;
    noteSwept(state, 0, []);
    return "done";
  }
  const { findings, managed, problems = [], unseen } = await state.source.look(context);
  // What was found meanwhile may be of the system before.
  if (!context.isCurrent()) return "deferred";
  for (const problem of problems) alarm(state, "machine-unreadable", problem);
  noteUnseen(state, unseen);
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

const rememberedAlarms = 64;

/** Told once until the agent starts again: a sweep a minute would repeat it for ever. */
function alarm({ alarmed, onEvent, log }: State, code: string, problem: string): void {
  const message = problem.slice(0, 2048);
  if (alarmed.has(message) || alarmed.size >= rememberedAlarms) return;
  alarmed.add(message);
  onEvent({ type: "alarm", data: { code, message } });
  log.error({ code, problem: message }, "drift alarm raised");
}
