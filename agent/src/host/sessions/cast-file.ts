/** SHELL. The file of a recording: it is new, only root reads it, and it has whole lines or none, also where the disk refuses. */
import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readdirSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { attempt } from "../errno-outcome.ts";
import { sizeOf } from "./sessions-state.ts";

export interface CastFile {
  readonly path: string;
  /** All of it or nothing of it; the errno where the disk refuses. */
  append: (text: string) => string | null;
  /** One that nothing was written into is gone. */
  close: () => void;
}

const nameOf = (number: number): string => (number === 1 ? "recording.cast" : `recording-${number}.cast`);
const isRecording = /^recording(-\d+)?\.cast$/;
/** Nobody is given so many keyboards of one session by agents that were started anew. */
const mostFiles = 1000;

/** Beside earlier ones, which nobody writes any more. Throws file-unreadable. */
export function createCastFile(folder: string): CastFile {
  const { path, fd } = createNext(folder);
  let bytes = 0;
  return {
    path,
    append(text) {
      const written = attempt(() => writeFileSync(fd, text));
      if (written.kind === "failed") attempt(() => ftruncateSync(fd, bytes));
      else bytes += Buffer.byteLength(text);
      return written.kind === "failed" ? written.errno : null;
    },
    close() {
      closeSync(fd);
      if (bytes === 0) attempt(() => unlinkSync(path));
    },
  };
}

function createNext(folder: string): { path: string; fd: number } {
  const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants;
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW;
  for (let number = 1; number <= mostFiles; number += 1) {
    const path = join(folder, nameOf(number));
    const opened = attempt(() => openSync(path, flags, 0o600));
    if (opened.kind === "done") return { path, fd: opened.value };
    if (opened.errno !== "EEXIST") throw new ChimeraError("file-unreadable", `make ${path}: ${opened.errno}`);
  }
  throw new ChimeraError("file-unreadable", `${folder} has ${mostFiles} recordings already`);
}

/** Of all recordings of a session. */
export function recordedBytes(folder: string): number {
  const listed = attempt(() => readdirSync(folder));
  const names = listed.kind === "done" ? listed.value.filter((name) => isRecording.test(name)) : [];
  return names.reduce((sum, name) => sum + sizeOf(join(folder, name)), 0);
}
