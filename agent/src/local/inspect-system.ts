/** SHELL. Whether a path is a whole NixOS system of this machine's store. */
import { existsSync } from "node:fs";
import type { StorePath } from "@chimera/proto/names";
import { run } from "../host/run.ts";
import type { SystemFinding } from "./judge-local.ts";

/** Without either, an activation would end half-way or could not be judged. */
const needed = ["bin/switch-to-configuration", "nixos-version"];
const timeoutMs = 30_000;

/** Throws tool-missing without Nix, and deadline-exceeded when its database does not answer. */
export async function inspectSystem(toplevel: StorePath): Promise<SystemFinding> {
  // What lies there need not be registered: Nix could remove it, and knows not what belongs to it.
  const valid = await run("nix-store", ["--check-validity", toplevel], { timeoutMs });
  if (valid.exitCode !== 0) return { kind: "missing" };
  const lacks = needed.find((name) => !existsSync(`${toplevel}/${name}`));
  return lacks === undefined ? { kind: "system" } : { kind: "no-system", lacks };
}
