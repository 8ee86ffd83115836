/**
 * SHELL. The records of sessions on the disk, a folder for each: `<stateDir>/sessions/<name>/record.json`. They are written many at once, because a
 * power cut must not make one of them vanish, and a synced write for each of hundreds would take longer than what they run.
 */
import { closeSync, constants, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { open, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { SessionName } from "@chimera/proto/sessions/session";
import { SessionRecord } from "../../sessions/session-record.ts";
import { attempt } from "../errno-outcome.ts";
import { readStateFile, type StateRead } from "../state/state-file.ts";

export interface RecordStore {
  /** What is there at the begin; what cannot be read is set aside, and named by its folder. */
  read: () => { records: SessionRecord[]; unreadable: SessionName[] };
  /** Resolves when they are on the disk. Throws file-unreadable when it refuses. A function is called when all that was to be saved before is. */
  save: (records: readonly SessionRecord[] | (() => readonly SessionRecord[])) => Promise<void>;
  remove: (name: SessionName) => void;
  /** For what belongs to a session beside its record. */
  folderOf: (name: SessionName) => string;
}

export function openRecordStore(stateDir: string, log: Log): RecordStore {
  const folder = join(stateDir, "sessions");
  // A disk that refuses keeps sessions from being started, and nobody from driving the node.
  const made = attempt(() => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  if (made.kind === "failed") log.warn({ folder, errno: made.errno }, "sessions have no folder");
  const folderOf = (name: SessionName): string => join(folder, name);
  // Two writes of one record must not overtake each other.
  let last: Promise<void> = Promise.resolve();
  return {
    folderOf,
    read: () => readAll(folder, log),
    save(records) {
      const saved = last.then(() => saveAll(folder, typeof records === "function" ? records() : records));
      last = saved.catch(() => undefined);
      return saved;
    },
    remove(name) {
      const removed = attempt(() => rmSync(folderOf(name), { recursive: true, force: true }));
      if (removed.kind === "failed")
        log.warn({ session: name, errno: removed.errno }, "what a session left was not removed");
    },
  };
}

function readAll(folder: string, log: Log): { records: SessionRecord[]; unreadable: SessionName[] } {
  const records: SessionRecord[] = [];
  const unreadable: SessionName[] = [];
  const listed = attempt(() => readdirSync(folder));
  for (const entry of listed.kind === "done" ? listed.value : []) {
    const name = SessionName.safeParse(entry).data;
    if (name === undefined) continue;
    const found = readOne(join(folder, name));
    if (found.kind === "ok" && found.value.name === name) records.push(found.value);
    else unreadable.push(name);
    if (found.kind === "corrupt") log.error({ session: name, ...found }, "a session's record was corrupt");
  }
  return { records, unreadable };
}

/** One that a newer agent wrote is of a session that only that agent can speak of. */
function readOne(folder: string): StateRead<SessionRecord> {
  try {
    const read = attempt(() => readStateFile(join(folder, recordName), SessionRecord));
    return read.kind === "done" ? read.value : { kind: "missing" };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { kind: "missing" };
  }
}

const recordName = "record.json";

/** Each file is synced, many of them at the same time; then their folders. */
async function saveAll(folder: string, records: readonly SessionRecord[]): Promise<void> {
  try {
    const made = await Promise.all(records.map((record) => saveOne(join(folder, record.name), record)));
    if (made.includes(true)) await syncFolder(folder);
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `the records of sessions in ${folder} could not be written`, {
      cause,
    });
  }
}

/** Whether its folder is new. */
async function saveOne(folder: string, record: SessionRecord): Promise<boolean> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `${recordName}.new`);
  await writeFile(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600, flush: true });
  await rename(temporary, join(folder, recordName));
  await syncFolder(folder);
  return made !== undefined;
}

async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** An empty file that only root can read, for what a session writes. Throws file-unreadable. */
export function makeLog(folder: string): string {
  const file = join(folder, "output.log");
  const made = attempt(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    rmSync(file, { force: true });
    closeSync(openSync(file, "wx", 0o600));
  });
  if (made.kind === "failed") throw new ChimeraError("file-unreadable", `make ${file}: ${made.errno}`);
  return file;
}
