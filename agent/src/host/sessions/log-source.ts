/**
 * SHELL. The output of a session whose programs write into a file: every byte of it, by its place in the file. Of a file that grows beyond its
 * bound the disk gets its first part back, and places stay what they were: the file has a hole there.
 */
import { closeSync, constants, fstatSync, openSync, readSync, watch } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { StreamId, TerminalSize } from "@chimera/proto/sessions/session";
import { attempt } from "../errno-outcome.ts";
import { run } from "../run.ts";
import type { OutputSource } from "../../sessions/output-source.ts";
import { firstKept } from "../../sessions/session-limits.ts";

export interface LogSourceOptions {
  file: string;
  stream: StreamId;
  size: TerminalSize;
  /** Of the file, on the disk. */
  mostBytes: number;
  /** There is more of it. */
  onChange: () => void;
}

/** Of a picture: so many of the newest bytes, from the begin of a line. */
const pictureBytes = 64 * 1024;
const lineFeed = 0x0a;

/** Throws file-unreadable where there is no such file, or something else in its place. */
export function openLogSource(options: LogSourceOptions): OutputSource {
  const { file, stream, size, mostBytes, onChange } = options;
  const fd = openLog(file);
  let last = { from: 0, to: 0 };
  const held = () => {
    const to = fstatSync(fd).size;
    // What lies before that may go back to the disk, whoever does it: nobody has to be asked how far that is.
    last = { from: firstKept(to, mostBytes), to };
    return last;
  };
  held();
  const stopWatching = watchFile(file, onChange);
  const read = (from: number, most: number): Buffer => readAt(fd, last, { from, most });
  return {
    stream,
    held,
    read,
    isCounted: () => true,
    lost: () => null,
    picture: () => Promise.resolve({ ...pictureOf(held(), read), size }),
    close() {
      stopWatching();
      closeSync(fd);
    },
  };
}

/** Without inotify's help somebody looks twice a second. */
const lookMs = 500;

/** At once, as no library of many files does: what is written right after this is heard. */
function watchFile(file: string, onChange: () => void): () => void {
  const opened = attempt(() => watch(file, { persistent: false }, onChange));
  if (opened.kind === "done") {
    opened.value.on("error", onChange);
    return () => opened.value.close();
  }
  const timer = setInterval(onChange, lookMs).unref();
  return () => clearInterval(timer);
}

function openLog(file: string): number {
  const opened = attempt(() =>
    openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  );
  if (opened.kind === "failed") throw new ChimeraError("file-unreadable", `${file}: ${opened.errno}`);
  if (fstatSync(opened.value).isFile()) return opened.value;
  closeSync(opened.value);
  throw new ChimeraError("file-unreadable", `${file} is no file`);
}

/** By what was said to be here: meanwhile the file may have grown, and its first bytes be about to go. */
function readAt(
  fd: number,
  held: { from: number; to: number },
  { from, most }: { from: number; most: number },
): Buffer {
  if (from < held.from || from > held.to)
    throw new RangeError(`position ${from} is not between ${held.from} and ${held.to}`);
  const bytes = Buffer.alloc(Math.min(most, held.to - from));
  const read = attempt(() => readSync(fd, bytes, 0, bytes.length, from));
  // What a broken disk does not give is zeros: positions stay what they are, and the agent has other things to do.
  return read.kind === "done" ? bytes.subarray(0, read.value) : bytes;
}

/** The newest lines; nothing of a screen, since nobody drew one. */
function pictureOf({ from, to }: { from: number; to: number }, read: (from: number, most: number) => Buffer) {
  const begin = Math.max(from, to - pictureBytes);
  const bytes = read(begin, to - begin);
  const isWhole = begin === 0 || begin === from;
  const first = isWhole ? 0 : bytes.indexOf(lineFeed) + 1;
  return { history: bytes.subarray(first), screen: new Uint8Array(0), at: begin + bytes.length };
}

/** Gives what lies between these places back to the disk. Throws tool-failed; the file is as it was then, but longer than it should be. */
export async function punchLog(file: string, { from, to }: { from: number; to: number }): Promise<void> {
  const argv = ["--punch-hole", "--offset", `${from}`, "--length", `${to - from}`, file];
  const { exitCode, stderr } = await run("fallocate", argv, { timeoutMs: 60_000 });
  if (exitCode !== 0)
    throw new ChimeraError("tool-failed", `fallocate ${file}: ${stderr.trim().slice(0, 300)}`);
}
