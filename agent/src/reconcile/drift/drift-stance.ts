/** PURE. What is done about a path that differs: signed orders first, then the head's rules, then the node's own. */
import { isoOf, msOf } from "@chimera/proto/acceptance/verdict";
import type { DriftException, DriftMode, DriftRule } from "@chimera/proto/drift-policy";
import type { HeadPolicy, RebootWindow } from "@chimera/proto/signed/head";
import { matcherOf } from "./match-glob.ts";
import { isInWindow } from "../reboot/reboot-window.ts";

export type Stance =
  | { kind: "revert" }
  /** Only told; why, in words of an operator. */
  | { kind: "report"; why: string }
  | { kind: "ignore"; why: string };

/** Who said so: a signed order, the head, the node's module by a rule or a window, or the mode alone. */
type StanceBy = "order" | "head" | "module" | "mode";
export type JudgedStance = Stance & { by: StanceBy };

/** As the node's module says. */
export interface NodeDriftPolicy {
  mode: DriftMode;
  rules: readonly DriftRule[];
  window: RebootWindow | null;
}

/** As operators signed it. */
export interface SignedDriftPolicy {
  exceptions: readonly DriftException[];
  fleet: HeadPolicy["drift"];
}

export type StanceOf = (path: string, signed: SignedDriftPolicy, nowMs: number) => JudgedStance;

interface Compiled<T> {
  matches: (path: string) => boolean;
  entry: T;
}

interface Memory {
  signed: SignedDriftPolicy;
  exceptions: Compiled<DriftException>[];
  rules: (Compiled<DriftRule> & { by: "head" | "module" })[];
}

/** Globs are compiled once for each policy: a storm asks tens of thousands of times. */
export function createStance(node: NodeDriftPolicy): StanceOf {
  let memory: Memory | null = null;
  return (path, signed, nowMs) => {
    if (memory === null || !isSame(memory.signed, signed)) memory = compile(node, signed);
    return judge(path, { node, memory, nowMs });
  };
}

function isSame(a: SignedDriftPolicy, b: SignedDriftPolicy): boolean {
  return a.exceptions === b.exceptions && a.fleet === b.fleet;
}

function compile(node: NodeDriftPolicy, signed: SignedDriftPolicy): Memory {
  const living = signed.exceptions.filter(({ ended }) => !ended);
  return {
    signed,
    exceptions: living.map((entry) => ({ matches: matcherOf(entry.glob), entry })),
    rules: [...rulesBy("head", signed.fleet?.rules ?? []), ...rulesBy("module", node.rules)],
  };
}

function rulesBy(by: "head" | "module", rules: readonly DriftRule[]): Memory["rules"] {
  return rules.map((entry) => ({ by, matches: matcherOf(entry.glob), entry }));
}

interface Judging {
  node: NodeDriftPolicy;
  memory: Memory;
  nowMs: number;
}

function judge(path: string, { node, memory, nowMs }: Judging): JudgedStance {
  const isLiving = (until: string | undefined): boolean => until === undefined || nowMs <= msOf(until);
  const exception = memory.exceptions.find(({ entry, matches }) => isLiving(entry.until) && matches(path));
  if (exception !== undefined) return { kind: "report", why: exceptionText(exception.entry), by: "order" };
  const rule = memory.rules.find(({ entry, matches }) => isLiving(entry.until) && matches(path));
  const mode = rule?.entry.mode ?? node.mode;
  const why = rule === undefined ? `the node's mode is ${mode}` : ruleText(rule.entry);
  const by = rule?.by ?? "mode";
  return mode === "revert"
    ? (outsideOfWindow({ node, memory, nowMs }) ?? { kind: mode, by })
    : { kind: mode, why, by };
}

/** The head's window takes the place of the node's. */
function outsideOfWindow({ node, memory, nowMs }: Judging): JudgedStance | null {
  const head: RebootWindow | undefined = memory.signed.fleet?.window;
  const window = head ?? node.window;
  if (window === null || isInWindow(window, isoOf(nowMs))) return null;
  const why = `it is put back between ${window.from} and ${window.to} UTC`;
  return { kind: "report", why, by: head === undefined ? "module" : "head" };
}

function exceptionText({ glob, until, author, reason }: DriftException): string {
  return `${glob} is ignored until ${until} by ${author}: ${reason}`.slice(0, 512);
}

function ruleText({ glob, mode, reason, until }: DriftRule): string {
  const end = until === undefined ? "" : ` until ${until}`;
  return `rule ${glob} says ${mode}${end}: ${reason}`.slice(0, 512);
}
