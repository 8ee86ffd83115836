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

export interface LogSourceOptions {
  file: string;
  stream: StreamId;
  size: TerminalSize;
  /** Of the file, on the disk. */
  mostBytes: number;
  /** Of what was given back to the disk before. */
  from: number;
  /** There is more of it, or the first part of it is no longer here. */
  onChange: () => void;
}

/** Of a picture: so many of the newest bytes, from the begin of a line. */
const pictureBytes = 64 * 1024;
/** A hole is made for as much at once: it begins and ends at blocks of the disk. */
const holeBytes = 1 << 20;
const lineFeed = 0x0a;

export interface LogSource extends OutputSource {
  /** Gives the first part of a file that is too long back to the disk. */
  trim: () => Promise<void>;
}

/** Throws file-unreadable where there is no such file, or something else in its place. */
export function openLogSource(options: LogSourceOptions): LogSource {
  const { file, stream, size, onChange } = options;
  const fd = openLog(file);
  const state = { from: options.from };
  const held = () => ({ from: state.from, to: fstatSync(fd).size });
  const stopWatching = watchFile(file, onChange);
  const read = (from: number, most: number): Buffer => readAt(fd, held(), { from, most });
  return {
    stream,
    held,
    read,
    isCounted: () => true,
    picture: () => Promise.resolve({ ...pictureOf(held(), read), size }),
    async trim() {
      const { from, to } = held();
      const next = Math.floor((to - options.mostBytes) / holeBytes) * holeBytes;
      if (next <= from) return;
      // First of all nobody reads there any more.
      state.from = next;
      await punch(file, { from, to: next });
      onChange();
    },
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

function readAt(
  fd: number,
  held: { from: number; to: number },
  { from, most }: { from: number; most: number },
): Buffer {
  if (from < held.from || from > held.to)
    throw new RangeError(`position ${from} is not between ${held.from} and ${held.to}`);
  const bytes = Buffer.alloc(Math.min(most, held.to - from));
  return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, from));
}

/** The newest lines; nothing of a screen, since nobody drew one. */
function pictureOf({ from, to }: { from: number; to: number }, read: (from: number, most: number) => Buffer) {
  const begin = Math.max(from, to - pictureBytes);
  const bytes = read(begin, to - begin);
  const isWhole = begin === 0 || begin === from;
  const first = isWhole ? 0 : bytes.indexOf(lineFeed) + 1;
  return { history: bytes.subarray(first), screen: new Uint8Array(0), at: begin + bytes.length };
}

/** Throws tool-failed; the file is as it was then, but longer than it should be. */
async function punch(file: string, { from, to }: { from: number; to: number }): Promise<void> {
  const argv = ["--punch-hole", "--offset", `${from}`, "--length", `${to - from}`, file];
  const { exitCode, stderr } = await run("fallocate", argv, { timeoutMs: 60_000 });
  if (exitCode !== 0)
    throw new ChimeraError("tool-failed", `fallocate ${file}: ${stderr.trim().slice(0, 300)}`);
}
