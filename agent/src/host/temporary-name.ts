/** SHELL. The names under which entries of /etc are prepared before they are renamed into place. */
import { randomBytes } from "node:crypto";

/** Hidden, and told apart by chance: nobody can put something there beforehand. */
export function temporaryName(): string {
  return `.chimera-${randomBytes(12).toString("hex")}`;
}

export function isTemporaryName(name: string): boolean {
  return /^\.chimera-[0-9a-f]{24}$/.test(name);
}
