/** SHELL. The records of runs: one folder each, `NAME.N`. The folder is made before anything runs, and by one caller only. */
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { Io } from "../../io.ts";
import { writeWhole } from "../keep/write-whole.ts";
import { parseRunId, runId, RunRecord } from "../record/run-record.ts";
import { isLiving, stateOf, type RunState } from "../record/run-state.ts";
import { runsFolder } from "./places.ts";
import { isAlive } from "./processes.ts";
import { files } from "./run-files.ts";

const maxRecordBytes = 32 * 1024 * 1024;

export interface Run {
  id: string;
  folder: string;
  record: RunRecord;
  state: RunState;
}

/** A folder whose record cannot be read is shown, not hidden. */
export type Found =
  | { kind: "run"; run: Run }
  | { kind: "broken"; id: string; folder: string; reason: string };

export function listRuns(io: Io): Found[] {
  return readNames(io).map(({ id }) => readRun(io, id));
}

function readNames(io: Io): { id: string; name: string; n: number }[] {
  return readFolder(runsFolder(io)).flatMap((id) => {
    const parsed = parseRunId(id);
    return parsed === undefined ? [] : [{ id, ...parsed }];
  });
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new ChimeraError("file-unreadable", path, { cause });
  }
}

export function readRun(io: Io, id: string): Found {
  const folder = join(runsFolder(io), id);
  const record = readRecord(join(folder, files.record));
  if (record.kind === "broken") return { kind: "broken", id, folder, reason: record.reason };
  return { kind: "run", run: { id, folder, record: record.record, state: stateOf(record.record, isAlive) } };
}

function readRecord(path: string): { kind: "read"; record: RunRecord } | { kind: "broken"; reason: string } {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return { kind: "broken", reason: "it has no record" };
  if (facts.size > maxRecordBytes) return { kind: "broken", reason: "its record is too large" };
  try {
    const record = RunRecord.safeParse(JSON.parse(readFileSync(path, "utf8")));
    if (record.success) return { kind: "read", record: record.data };
    return {
      kind: "broken",
      reason: "its record is of another form: another version of chimera made it, or a hand",
    };
  } catch {
    return { kind: "broken", reason: "its record is not JSON, or cannot be read" };
  }
}

/** The numbers that a name has had, the highest first. */
export function runsOf(io: Io, name: SessionName): { id: string; n: number }[] {
  return readNames(io)
    .filter((one) => one.name === name)
    .toSorted((a, b) => b.n - a.n);
}

/**
 * The run of that name that lives. A number is only taken when the one before it has ended, so the highest that can be read
 * tells: a name that was used a thousand times is no slower than a new one.
 */
export function livingRun(io: Io, name: SessionName): Run | undefined {
  return newestLiving(io, runsOf(io, name));
}

function newestLiving(io: Io, runs: readonly { id: string }[]): Run | undefined {
  for (const { id } of runs) {
    const found = readRun(io, id);
    if (found.kind === "run") return isLiving(found.run.state) ? found.run : undefined;
  }
  return undefined;
}

export function writeRecord(folder: string, record: RunRecord): void {
  writeWhole(join(folder, files.record), `${JSON.stringify(RunRecord.parse(record))}\n`);
}

export type Claim =
  | { kind: "claimed"; id: string; folder: string; record: RunRecord }
  | { kind: "taken"; by: Run };

/** Only one caller makes a folder; one who sees another living run of that name beside his own steps back. */
export async function claimRun(io: Io, wanted: Omit<RunRecord, "n">): Promise<Claim> {
  makeFolder(runsFolder(io), true);
  for (;;) {
    const by = livingRun(io, wanted.name);
    if (by !== undefined) return { kind: "taken", by };
    const record = { ...wanted, n: (runsOf(io, wanted.name)[0]?.n ?? 0) + 1 };
    const id = runId(record);
    const folder = join(runsFolder(io), id);
    if (!makeFolder(folder)) {
      // Whoever made it writes its record next.
      await io.sleep(5);
      continue;
    }
    writeRecord(folder, record);
    const others = runsOf(io, wanted.name).filter((one) => one.n !== record.n);
    const other = newestLiving(io, others);
    if (other === undefined) return { kind: "claimed", id, folder, record };
    removeRun(folder);
    return { kind: "taken", by: other };
  }
}

/** False when it is there already. */
function makeFolder(folder: string, recursive = false): boolean {
  try {
    mkdirSync(folder, { mode: 0o700, recursive });
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    throw new ChimeraError("file-unreadable", `make ${folder}`, { cause });
  }
}

/** The record goes last: what is half removed is still listed. */
export function removeRun(folder: string): void {
  for (const name of readFolder(folder)) {
    if (name !== files.record) rmSync(join(folder, name), { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true });
}

const keptEnded = 100;
const slack = 20;

/** The newest ended runs stay; looking at all of them costs time, so it is not done at each start. */
export function pruneRuns(io: Io): void {
  if (readNames(io).length < keptEnded + slack) return;
  const ended = listRuns(io)
    .flatMap((found) => (found.kind === "run" && !isLiving(found.run.state) ? [found.run] : []))
    .toSorted((a, b) => b.record.createdAt.localeCompare(a.record.createdAt));
  for (const { folder } of ended.slice(keptEnded)) removeRun(folder);
}
