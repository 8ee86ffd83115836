/** SHELL. A small file, whole or not at all. The keeper's own way: it loads nothing that it does not need. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";

export function writeWhole(path: string, text: string): void {
  // One keeper writes for one run, and no other process does once it has begun.
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
