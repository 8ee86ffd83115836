/** SHELL. Gives a repair's own process its task, and reads what came of it. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExpectedPath } from "../../../reconcile/store-drift/store-path.ts";
import { switchLockFile } from "../../activation/switch-lock.ts";
import { attempt } from "../../errno-outcome.ts";
import { writeDurably } from "../../state/state-file.ts";
import { gcLockFile } from "./nix-locks.ts";
import { RepairResult, resultFile, taskFile, type RepairTask } from "./repair-task.ts";
import { repairSeconds, runRepairUnit } from "./repair-unit.ts";

export interface TaskRun {
  expected: ExpectedPath;
  /** This agent's own script. */
  program: string;
  folder: string;
  route: RepairTask["route"];
}

export interface TaskEnd {
  /** One that could not even begin leaves it to another way. */
  result: RepairResult;
  /** Where what was there before lay until it was deleted. */
  beside: string;
}

export async function runTask({ expected, program, folder, route }: TaskRun): Promise<TaskEnd> {
  const beside = `.chimera-repair-${randomBytes(6).toString("hex")}`;
  const { path, narSize, narSha256 } = expected;
  const locks = { switchLock: switchLockFile, gcLock: gcLockFile };
  const task: RepairTask = { v: 1, route, path, narSize, narSha256, ...owner(), root: "", beside, ...locks };
  writeDurably(join(folder, taskFile), JSON.stringify(task));
  const argv = [process.execPath, ...process.execArgv, program, "store-repair", "--dir", folder];
  const log = join(folder, "repair.log");
  const { lastWords } = await runRepairUnit({ argv, log, seconds: repairSeconds(narSize) });
  const result = readResult(join(folder, resultFile)) ?? { kind: "unsuited", why: lastWords };
  return { result, beside: join("/nix/store", beside) };
}

/** Who owns what Nix makes. */
function owner(): { uid: number; gid: number } {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

function readResult(file: string): RepairResult | undefined {
  const text = attempt(() => readFileSync(file, "utf8"));
  return text.kind === "done" ? RepairResult.safeParse(JSON.parse(text.value)).data : undefined;
}
