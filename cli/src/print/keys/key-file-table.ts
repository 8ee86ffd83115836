/** PURE. Key files: public halves only. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";

export interface ListedKey {
  file: string;
  name: string | null;
  publicKey: string | null;
  role: string | null;
  /** Octal permission bits. */
  mode: string;
  /** Why the file was not read. */
  problem: string | null;
}

export function keyFileTable(keys: readonly ListedKey[], paint: Paint): string {
  const rows = keys.map(({ file, publicKey, role, mode, problem }) => [
    printableLine(file),
    role ?? "-",
    problem === null ? mode : paint("red", mode),
    publicKey ?? paint("red", "not read"),
  ]);
  return table(["FILE", "ROLE", "MODE", "PUBLIC KEY"], rows, paint);
}
