/**
 * SHELL. File capabilities and ACLs in a store path, where Nix leaves none: they are in no NAR and no mode, so a tool is asked, and only
 * about a path that something else made suspect.
 */
import { dirname } from "node:path";
import { parseAttributeNames } from "../../reconcile/drift/entry-attributes.ts";
import { clearAttributes } from "../drift/attributes/clear-attributes.ts";
import { openDirectory } from "../drift/etc-directory.ts";
import { tryTool } from "../drift/try-tool.ts";

const asked = String.raw`^(security\.capability|system\.(posix_acl_(access|default)|richacl))$`;
const limits = { timeoutMs: 60_000, maxBytes: 1 << 20 };

export type StoreRights =
  /** Also where the tool is not on this system. */
  | { kind: "none" }
  /** By file. */
  | { kind: "found"; byFile: ReadonlyMap<string, readonly string[]> }
  | { kind: "unknown"; why: string };

/** Follows no link. */
export async function findRights(path: string): Promise<StoreRights> {
  const args = ["-R", "-P", "-h", "--absolute-names", "-m", asked, "--", path];
  const answer = await tryTool("getfattr", args, limits);
  if (answer === null) return { kind: "none" };
  const byFile = parseAttributeNames(answer.stdout);
  for (const [file, names] of byFile) if (names.length === 0) byFile.delete(file);
  if (byFile.size > 0) return { kind: "found", byFile };
  if (answer.exitCode === 0) return { kind: "none" };
  return { kind: "unknown", why: `getfattr: ${answer.stderr.trim().slice(-500) || "no answer"}` };
}

/** Each is taken off inside the folder that was opened without links. What failed, in words; null when none is left that was found. */
export async function takeRights(path: string): Promise<string | null> {
  const rights = await findRights(path);
  if (rights.kind === "unknown") return rights.why;
  if (rights.kind === "none") return null;
  for (const [file, names] of rights.byFile) {
    const opened = openDirectory("/", dirname(file));
    if (opened.kind === "failed") return `${dirname(file)}: ${opened.errno}`;
    using folder = opened.value;
    const problem = await clearAttributes(folder, file.slice(dirname(file).length + 1), names);
    if (problem !== null) return problem;
  }
  return null;
}
