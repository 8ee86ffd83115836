// PURE. Whether the fleet is on one effective world, known of every node and reported; else what is wrong, in words.
import type { Effective } from "@chimera/proto/effective";
import type { NodeStatus } from "@chimera/proto/status";
import type { End } from "./rollout-faults.ts";

export interface NodeFacts {
  name: string;
  isOn: boolean;
  /** Of the effective world. */
  wanted: string | null;
  /** What the machine itself says; null while it is off. */
  pointers: { current: string; profile: string; bootDefault: string } | null;
  /** Null where there is none that the node's own key signed. */
  status: Pick<NodeStatus, "state" | "system"> | null;
}

/** What `chimera status --json` and `chimera rollout status` say. */
export interface Report {
  code: number;
  /** World and kind of what counts, by the CLI. */
  effective: { kind: string; world: string | null };
  unverified: readonly string[];
  silent: readonly string[];
  rollout: { code: number; phase: string | null };
}

export interface FleetFacts {
  effective: Effective;
  /** Of the newest head's record. */
  phase: string | null;
  hasWaves: boolean;
  nodes: readonly NodeFacts[];
  /** Null while the nodes are not where they shall be. */
  report: Report | null;
}

/** Empty: every node that is on runs, names and boots the effective world, and says so, signed. */
export function wrongNodes({ effective, nodes }: Pick<FleetFacts, "effective" | "nodes">): string[] {
  if (effective.kind === "none") return ["the fleet has no head"];
  const stopped = effective.kind === "head" && effective.paused !== null;
  const wrong = nodes.filter(({ isOn }) => isOn).flatMap(wrongNode);
  return stopped ? [`paused: ${effective.paused}`, ...wrong] : wrong;
}

function wrongNode({ name, wanted, pointers, status }: NodeFacts): string[] {
  if (status === null) return [`${name}: no status that it signed`];
  const { system, state } = status;
  const marks = {
    ...pointers,
    says: system.current,
    saysProfile: system.profile,
    saysBoot: system.bootDefault,
  };
  const elsewhere = Object.entries(marks).filter(([, path]) => path !== wanted);
  const wrong = elsewhere.map(([mark, path]) => `${name}: ${mark} ${nameOf(path)}, not ${nameOf(wanted)}`);
  return state === "committed" ? wrong : [...wrong, `${name}: says ${state}`];
}

export function wrongReport({ effective, nodes, phase, hasWaves, report }: FleetFacts): string[] {
  if (report === null) return ["nobody reported"];
  const away = nodes.filter(({ isOn }) => !isOn).map(({ name }) => name);
  const world = effective.kind === "none" ? null : effective.world;
  const { rollout } = report;
  const checks: [boolean, string][] = [
    [report.code === 0, `status exits ${report.code}`],
    [
      report.effective.kind === effective.kind && report.effective.world === world,
      `status shows ${report.effective.kind} ${report.effective.world}, the documents say ${effective.kind} ${world}`,
    ],
    [report.unverified.length === 0, `status finds no signature of ${report.unverified.join(", ")}`],
    [
      away.every((name) => report.silent.includes(name)),
      `status does not name ${away.join(", ")} as silent, but ${report.silent.join(", ")}`,
    ],
    [
      hasWaves ? rollout.code === 0 && rollout.phase === phase : rollout.code === 66,
      `rollout status exits ${rollout.code} and shows ${rollout.phase}, the record says ${phase}`,
    ],
  ];
  return checks.flatMap(([isRight, wrong]) => (isRight ? [] : [wrong]));
}

export interface Outcome {
  end: End | "half";
  /** Allowed ones. */
  ends: readonly End[];
  /** The moment came after everybody had committed. */
  wasOver: boolean;
  operator: "nothing" | "resumed" | "rolled back";
  deployCode: number | null;
  misleads: boolean;
}

/** What the command that published it said with its exit code, and where the fleet ended. */
export function wrongEnd(outcome: Outcome): string[] {
  const { end, ends } = outcome;
  const isAllowed = end !== "half" && ends.includes(end);
  const wrong = wrongCode(outcome);
  return [...(isAllowed ? [] : [`${end} is not what may come of it`]), ...(wrong === null ? [] : [wrong])];
}

function wrongCode({ end, wasOver, operator, deployCode, misleads }: Outcome): string | null {
  if (deployCode === null) return "deploy follows still";
  if (deployCode === 0) {
    return end === "new" || wasOver ? null : "deploy exits 0, and it was not committed";
  }
  const isClean = end === "new" && operator === "nothing" && !misleads;
  return isClean ? `everybody committed, and deploy exits ${deployCode}` : null;
}

function nameOf(path: string | null): string {
  return (path ?? "nothing").replace(/^\/nix\/store\/[^-]*-/, "");
}
