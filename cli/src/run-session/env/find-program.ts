/** SHELL. Looks for a program as execvp does. */
import { accessSync, constants, statSync } from "node:fs";
import { join, resolve } from "node:path";

const defaultPath = "/usr/local/bin:/usr/bin:/bin";

export function findProgram(name: string, path = defaultPath, cwd = "/"): string | undefined {
  if (name.includes("/")) return isProgram(resolve(cwd, name)) ? resolve(cwd, name) : undefined;
  return path
    .split(":")
    .map((folder) => join(resolve(cwd, folder), name))
    .find(isProgram);
}

function isProgram(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
