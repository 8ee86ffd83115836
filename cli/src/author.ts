/** SHELL. Who signs, as the signed documents name him. */
import { hostname } from "node:os";
import type { Io } from "./io.ts";

/** A user id without an entry in passwd, as in a container, has no name that the system could tell. */
export function author({ env }: Pick<Io, "env">): string {
  const user = env["USER"] ?? env["LOGNAME"] ?? String(process.getuid?.() ?? "unknown");
  return `${user}@${hostname()}`.slice(0, 256);
}
