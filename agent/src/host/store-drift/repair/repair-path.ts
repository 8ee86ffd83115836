/**
 * SHELL. Puts one store path back. Where only modes, owners or times differ they are set, and nothing is taken away. Wrong bytes change places
 * with the signed ones, which lie beside them by then. Only a path that is not there, or that Nix does not know, is left to Nix's own
 * repair, which deletes before it writes.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import type { RevertFailureCode } from "../../../reconcile/drift/revert-failure.ts";
import type { ExpectedPath } from "../../../reconcile/store-drift/store-path.ts";
import type { FetchSource } from "../../store/nix.ts";
import { fetchNar } from "./fetch-nar.ts";
import { canSwap, readsRight } from "./nix-facts.ts";
import { holderOf } from "./nix-locks.ts";
import { repairByNix } from "./repair-by-nix.ts";
import { spaceProblem } from "./repair-space.ts";
import type { RepairResult } from "./repair-task.ts";
import { isRepairRunning } from "./repair-unit.ts";
import { runTask } from "./run-task.ts";

/** What is needed where bytes are wrong. */
export interface RepairSource {
  references: ClosureEntry["references"];
  source: FetchSource;
}

export interface RepairOrder {
  expected: ExpectedPath;
  /** Null where the bytes in the store are right. */
  bytes: RepairSource | null;
  stateDir: string;
  /** This agent's own script. */
  program: string;
  /** Both are asked last before anything is changed. */
  isCurrent: () => boolean;
  isStillWrong: () => Promise<boolean>;
}

export type RepairOutcome =
  /** `gone`: where what was there before was known to the kernel last; none where nothing was taken away. */
  | { kind: "repaired"; gone: string[]; notes: string[] }
  /** Nothing was changed. */
  | { kind: "abandoned"; why: string | null }
  | { kind: "failed"; code: RevertFailureCode; message: string };

export async function repairPath(order: RepairOrder): Promise<RepairOutcome> {
  const { stateDir, expected } = order;
  const isFree = await clearLeftovers(stateDir);
  const holder = isFree ? holderOf(expected.path) : "a repair of before still runs";
  if (holder !== null) return { kind: "abandoned", why: holder };
  const folder = join(stateDir, `repair-${randomBytes(6).toString("hex")}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    return order.bytes === null ? await mend(order, folder) : await putBack(order, order.bytes, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What an ended agent left of a repair. False while that repair still runs: it needs its folder. */
export async function clearLeftovers(stateDir: string): Promise<boolean> {
  if (await isRepairRunning()) return false;
  for (const name of readdirSync(stateDir))
    if (/^repair-[0-9a-f]{12}$/.test(name)) rmSync(join(stateDir, name), { recursive: true, force: true });
  return true;
}

async function mend({ expected, program, isCurrent }: RepairOrder, folder: string): Promise<RepairOutcome> {
  if (!isCurrent()) return { kind: "abandoned", why: null };
  const { result } = await runTask({ expected, program, folder, route: "mend" });
  return outcomeOf(result, []);
}

async function putBack(order: RepairOrder, bytes: RepairSource, folder: string): Promise<RepairOutcome> {
  const { expected, stateDir, program } = order;
  const space = spaceProblem(expected.narSize, ["/nix/store", stateDir]);
  if (space !== null) return { kind: "failed", code: "no-space", message: space };
  if (await readsRight(expected)) return { kind: "abandoned", why: "Nix reads the signed bytes there" };
  const problem = await fetchNar({ expected, ...bytes }, folder);
  if (problem !== null) return { kind: "failed", code: "repair-unavailable", message: problem };
  if (!order.isCurrent() || !(await order.isStillWrong())) return { kind: "abandoned", why: null };
  if (!(await canSwap(expected))) return byNix(expected, bytes.source, { folder, notes: [] });
  const { result, beside } = await runTask({ expected, program, folder, route: "swap" });
  if (result.kind !== "unsuited") return outcomeOf(result, [beside]);
  const notes = [`put back by Nix, which deletes before it writes: ${result.why}`];
  return byNix(expected, bytes.source, { folder, notes });
}

function outcomeOf(result: RepairResult, gone: string[]): RepairOutcome {
  switch (result.kind) {
    case "done":
      return { kind: "repaired", gone, notes: result.notes };
    case "busy":
      return { kind: "abandoned", why: result.what };
    case "unsuited":
    case "failed":
      return { kind: "failed", code: "repair-failed", message: result.why };
  }
}

async function byNix(
  expected: ExpectedPath,
  source: FetchSource,
  { folder, notes }: { folder: string; notes: string[] },
): Promise<RepairOutcome> {
  const end = await repairByNix(expected, source, folder);
  if (end === null) return { kind: "repaired", gone: [expected.path], notes };
  if (end === "busy") return { kind: "abandoned", why: "a switch or a garbage collection runs" };
  return { kind: "failed", code: "repair-failed", message: [end.words, ...notes].join("; ") };
}
