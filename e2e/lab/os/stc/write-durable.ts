// SHELL: files of a boot partition. A power cut leaves the old file or the new one; a full disk leaves neither half.
import { closeSync, copyFileSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";

export function writeDurable(path: string, text: string): void {
  putDurable(path, (temporary) => writeFileSync(temporary, text, { mode: 0o644 }));
}

export function copyDurable(from: string, to: string): void {
  putDurable(to, (temporary) => copyFileSync(from, temporary));
}

function putDurable(path: string, write: (temporary: string) => void): void {
  const temporary = `${path}.tmp`;
  try {
    write(temporary);
    sync(temporary, "r+");
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new Error(`the boot partition cannot take ${basename(path)}`, { cause });
  }
  sync(dirname(path), "r");
}

function sync(path: string, flags: string): void {
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
