/**
 * SHELL. A store that is optimised keeps a link to each of its files in `.links`, by the hash that it had. One that was damaged with a file
 * keeps the wrong bytes under the right name, and the next `nix-store --optimise` would put them in the place of the repaired file.
 */
import { lstatSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { nixBase32 } from "@chimera/proto/nix/nix-base32";
import { attempt } from "../../errno-outcome.ts";
import { hashRawSteps } from "../hash-nar.ts";
import { listNames } from "../list-names.ts";
import { fromText, toSystem, type RawPath } from "../raw-path.ts";
import { toEnd } from "../steps.ts";

/** `path` is as it should be. How many links were wrong and are gone. */
export function dropWrongLinks(path: string, linksDir: string): number {
  const links = attempt(() => readdirSync(linksDir).length);
  if (links.kind === "failed" || links.value === 0) return 0;
  return dropBelow(fromText(path), linksDir);
}

function dropBelow(path: RawPath, linksDir: string): number {
  const stats = attempt(() => lstatSync(toSystem(path)));
  if (stats.kind === "failed") return 0;
  if (stats.value.isFile()) return dropLink(path, linksDir);
  if (!stats.value.isDirectory()) return 0;
  const names = listNames(path, Infinity);
  const inside = names.kind === "done" ? names.value : [];
  return inside.reduce((sum, name) => sum + dropBelow(`${path}/${name}`, linksDir), 0);
}

function dropLink(path: RawPath, linksDir: string): number {
  const right = hashOf(path);
  if (right === null) return 0;
  const link = join(linksDir, nixBase32(Buffer.from(right, "hex")));
  const stats = attempt(() => lstatSync(link));
  if (stats.kind === "failed" || hashOf(fromText(link)) === right) return 0;
  return attempt(() => unlinkSync(link)).kind === "done" ? 1 : 0;
}

function hashOf(path: RawPath): string | null {
  const hashed = toEnd(hashRawSteps(path, { narSize: Infinity }));
  return hashed.kind === "hashed" ? hashed.sha256 : null;
}
