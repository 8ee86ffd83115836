/** SHELL. What Nix itself says of a path, before anything is put in its place. */
import { lstatSync } from "node:fs";
import type { ExpectedPath } from "../../../reconcile/store-drift/store-path.ts";
import { attempt } from "../../errno-outcome.ts";
import { run } from "../../run.ts";

/** A reader that is not ours must find it wrong too: where it finds the signed bytes, ours is at fault. */
export async function readsRight({ path, narSha256 }: ExpectedPath): Promise<boolean> {
  if (!isThere(path)) return false;
  const { exitCode, stdout } = await run("nix-hash", ["--type", "sha256", path], { timeoutMs: 3600_000 });
  return exitCode === 0 && stdout.trim() === narSha256;
}

/** What Nix does not know as valid it would delete as garbage: it must register it. */
export async function canSwap({ path }: Pick<ExpectedPath, "path">): Promise<boolean> {
  if (!isThere(path)) return false;
  const { exitCode } = await run("nix-store", ["--check-validity", path], { timeoutMs: 120_000 });
  return exitCode === 0;
}

function isThere(path: string): boolean {
  return attempt(() => lstatSync(path)).kind === "done";
}
