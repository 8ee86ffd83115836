/** SHELL. Reads a recording line by line: whatever the file is, no more than a line of it is held. */
import { constants, createReadStream, type ReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { maxCastLine, readCastEvent, readCastHeader, type CastStep } from "@chimera/proto/sessions/cast";

export interface Cast {
  size: NonNullable<ReturnType<typeof readCastHeader>>["size"];
  title: string;
  steps: AsyncGenerator<CastStep>;
}

/** "-" is what comes on standard input. Throws file-unreadable, and input-invalid for what is no recording of version 2. */
export async function readCast(file: string): Promise<Cast> {
  const path = file === "-" ? "standard input" : file;
  const lines = readLines(file === "-" ? openInput() : await openFile(file), path);
  const first = await lines.next();
  const header = first.done === true ? null : readCastHeader(first.value);
  if (header === null) {
    throw new ChimeraError(
      "input-invalid",
      `${path} is no recording: its first line is none of asciicast version 2`,
    );
  }
  return { ...header, steps: readSteps(lines, path) };
}

function openInput(): AsyncIterable<Uint8Array> {
  if (!process.stdin.isTTY) return process.stdin;
  throw new ChimeraError(
    "input-invalid",
    "a terminal is no recording: ssh NODE cat RECORDING | chimera record play -",
  );
}

async function openFile(path: string): Promise<ReadStream> {
  try {
    // Without it a pipe would be waited for, for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return createReadStream(path, { fd: file });
    await file.close();
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `read ${path}`, { cause });
  }
  throw new ChimeraError("file-unreadable", `${path} is no file`);
}

async function* readLines(file: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const piece of file) {
    rest = Buffer.concat([rest, Buffer.from(piece)]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      yield rest.subarray(0, end).toString("utf8");
      rest = rest.subarray(end + 1);
    }
    if (rest.length > maxCastLine) {
      throw new ChimeraError("input-invalid", `${path} has a line of more than ${maxCastLine} bytes`);
    }
  }
  if (rest.length > 0) yield rest.toString("utf8");
}

async function* readSteps(lines: AsyncGenerator<string>, path: string): AsyncGenerator<CastStep> {
  let [line, lastMs] = [1, 0];
  for await (const text of lines) {
    line += 1;
    if (text.trim() === "") continue;
    const step = readCastEvent(text);
    if (step === null)
      throw new ChimeraError("input-invalid", `${path}: line ${line} is no event of a recording`);
    // A clock that was set back is no reason to wait for ever.
    lastMs = Math.max(lastMs, step.atMs);
    yield { ...step, atMs: lastMs };
  }
}
