/** SHELL. The SHA-256 of a path's NAR, as `nix-store --dump` would write it. Follows no link and never waits for what it opens. */
import { Digest } from "@chimera/proto/names";
import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import type { HashFacts } from "../../reconcile/store-drift/store-path.ts";
import { attempt, type Outcome } from "../errno-outcome.ts";
import { listNames } from "./list-names.ts";
import { fromText, toSystem, toText, type RawPath } from "./raw-path.ts";
import type { Steps } from "./steps.ts";

const pieceBytes = 256 * 1024;
const textBytes = 64 * 1024;
// O_NONBLOCK: a pipe that took a file's place since it was looked at must not stop the thread.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface HashLimits {
  /** Bytes of the NAR after which it is wrong anyway. */
  narSize: number;
}

interface Writer extends HashLimits {
  hash: Hash;
  size: number;
  /** Words are small and many: they are collected here. */
  words: Buffer;
  used: number;
  piece: Buffer;
  sinceStep: number;
}

/** Null when it went well. */
type Failure = { errno: string; at: RawPath } | null;

export function hashSteps(path: string, limits: HashLimits): Steps<HashFacts> {
  return hashRawSteps(fromText(path), limits);
}

/** Of a path whose names need not be text. */
export function* hashRawSteps(root: RawPath, limits: HashLimits): Steps<HashFacts> {
  const writer: Writer = {
    ...limits,
    hash: createHash("sha256"),
    size: 0,
    words: Buffer.allocUnsafe(textBytes),
    used: 0,
    piece: Buffer.allocUnsafe(pieceBytes),
    sinceStep: 0,
  };
  putWord(writer, "nix-archive-1");
  const failure = yield* putNode(writer, root);
  flush(writer);
  if (failure === null)
    return { kind: "hashed", sha256: Digest.parse(writer.hash.digest("hex")), size: writer.size };
  const at = failure.at === root ? "." : toText(failure.at.slice(root.length + 1)).slice(0, 512);
  return { kind: "unreadable", errno: failure.errno, at };
}

function* putNode(writer: Writer, path: RawPath): Steps<Failure> {
  const stats = attempt(() => lstatSync(toSystem(path)));
  if (stats.kind === "failed") return { errno: stats.errno, at: path };
  if (isStepOver(writer, 4096)) yield;
  putWord(writer, "(", "type");
  const failure = yield* putBody(writer, path, stats.value);
  putWord(writer, ")");
  return failure;
}

function* putBody(writer: Writer, path: RawPath, stats: ReturnType<typeof lstatSync>): Steps<Failure> {
  if (stats === undefined) return { errno: "ENOENT", at: path };
  if (stats.isFile()) return yield* putFile(writer, path);
  if (stats.isDirectory()) return yield* putDirectory(writer, path);
  if (stats.isSymbolicLink()) return putLink(writer, path);
  return { errno: "ENOTSUP", at: path };
}

function* putDirectory(writer: Writer, path: RawPath): Steps<Failure> {
  const names = listNames(path, writer.narSize);
  if (names.kind === "failed") return { errno: names.errno, at: path };
  putWord(writer, "directory");
  for (const name of names.value.toSorted()) {
    putWord(writer, "entry", "(", "name", name, "node");
    const failure = yield* putNode(writer, `${path}/${name}`);
    if (failure !== null) return failure;
    putWord(writer, ")");
    if (writer.size > writer.narSize) return { errno: "EFBIG", at: path };
  }
  return null;
}

function putLink(writer: Writer, path: RawPath): Failure {
  const target = attempt(() => readlinkSync(toSystem(path), { encoding: "latin1" }));
  if (target.kind === "failed") return { errno: target.errno, at: path };
  putWord(writer, "symlink", "target", target.value);
  return null;
}

function* putFile(writer: Writer, path: RawPath): Steps<Failure> {
  const opened = attempt(() => openSync(toSystem(path), readFlags));
  if (opened.kind === "failed") return { errno: opened.errno, at: path };
  const fd = opened.value;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { errno: "ESTALE", at: path };
    if (writer.size + stats.size > writer.narSize) return { errno: "EFBIG", at: path };
    putWord(writer, "regular");
    if ((stats.mode & 0o100) !== 0) putWord(writer, "executable", "");
    putWord(writer, "contents");
    const read = yield* putContents(writer, fd, stats.size);
    if (read.kind === "failed") return { errno: read.errno, at: path };
    // Shorter than its size of a moment ago: somebody writes to it.
    return read.value === stats.size ? null : { errno: "ESTALE", at: path };
  } finally {
    closeSync(fd);
  }
}

function* putContents(writer: Writer, fd: number, size: number): Steps<Outcome<number>> {
  putLength(writer, size);
  flush(writer);
  let done = 0;
  while (done < size) {
    const wanted = Math.min(writer.piece.length, size - done);
    const read = attempt(() => readSync(fd, writer.piece, 0, wanted, done));
    if (read.kind === "failed") return read;
    if (read.value === 0) break;
    writer.hash.update(writer.piece.subarray(0, read.value));
    done += read.value;
    if (isStepOver(writer, read.value)) yield;
  }
  writer.size += done;
  putPadding(writer, size);
  return { kind: "done", value: done };
}

const bytesPerStep = 1 << 20;

function isStepOver(writer: Writer, bytes: number): boolean {
  writer.sinceStep += bytes;
  if (writer.sinceStep < bytesPerStep) return false;
  writer.sinceStep = 0;
  return true;
}

/** Strings of a NAR: their length in eight bytes, the text, zeros up to eights. */
function putWord(writer: Writer, ...texts: readonly string[]): void {
  for (const text of texts) {
    putLength(writer, text.length);
    if (writer.used + text.length > writer.words.length) flush(writer);
    writer.used += writer.words.write(text, writer.used, "latin1");
    putPadding(writer, text.length);
  }
}

function putLength(writer: Writer, length: number): void {
  if (writer.used + 8 > writer.words.length) flush(writer);
  writer.words.writeUInt32LE(length % 2 ** 32, writer.used);
  writer.words.writeUInt32LE(Math.floor(length / 2 ** 32), writer.used + 4);
  writer.used += 8;
}

function putPadding(writer: Writer, length: number): void {
  const padding = (8 - (length % 8)) % 8;
  if (writer.used + padding > writer.words.length) flush(writer);
  writer.words.fill(0, writer.used, writer.used + padding);
  writer.used += padding;
}

/** What was read of a file is counted where it is read. */
function flush(writer: Writer): void {
  writer.hash.update(writer.words.subarray(0, writer.used));
  writer.size += writer.used;
  writer.used = 0;
}
