/** PURE. Whether a cache's narinfo is about the very bytes of a closure entry. */
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { ChimeraError } from "@chimera/proto/errors";
import { toSri } from "@chimera/proto/nix/nar-hash";

/** False when the cache has none. Throws content-conflict for other bytes: nodes would refuse the closure. */
export function checkNarinfo(entry: ClosureEntry, text: string | undefined): boolean {
  if (text === undefined) return false;
  const fields = new Map(
    text
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const path = fields.get("StorePath");
  if (path !== entry.path) {
    throw new ChimeraError("content-conflict", `the cache's narinfo of ${entry.path} is about another path`);
  }
  if (toSri(fields.get("NarHash") ?? "") === entry.narHash) return true;
  throw new ChimeraError(
    "content-conflict",
    `the cache has other content for ${entry.path}: it was built twice with different results`,
  );
}
