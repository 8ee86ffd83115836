/** SHELL. Reads what a decision needs of a file, and no more than it can need. */
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";

const headBytes = 1024 * 1024;
const mostBytes = 32 * 1024 * 1024;

/** `name`: as it was typed. */
export function readHead(path: string, name: string): Buffer {
  const file = orThrow(name, () => openSync(path, "r"));
  try {
    const buffer = Buffer.alloc(headBytes);
    return buffer.subarray(
      0,
      orThrow(name, () => readSync(file, buffer, 0, headBytes, 0)),
    );
  } finally {
    closeSync(file);
  }
}

export function isText(bytes: Buffer): boolean {
  return !bytes.subarray(0, 8192).includes(0);
}

/** Null when there is no such file. */
export function readIfThere(path: string): string | null {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts?.isFile() !== true) return null;
  if (facts.size > mostBytes)
    throw new ChimeraError("input-invalid", `${path} has more than ${mostBytes} bytes`);
  return orThrow(path, () => readFileSync(path, "utf8"));
}

function orThrow<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ChimeraError("file-unreadable", name, { cause });
  }
}
