/**
 * SHELL. Generations whose system is not in the store any more, removed by hand or with a broken disk. NixOS's installers
 * of boot loaders read every generation and stop at such a one, so that nothing can be made the boot default.
 */
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { StorePath } from "@chimera/proto/names";
import { attempt, isAbsent } from "../errno-outcome.ts";
import { runOk } from "../run.ts";

const profiles = "/nix/var/nix/profiles";
const generationLink = /^system-(\d+)-link$/;

/** Numbers of the system profile's generations that lead to nothing; never the current one. */
export function lostGenerations(folder: string = profiles): string[] {
  const current = attempt(() => readlinkSync(join(folder, "system")));
  const names = attempt(() => readdirSync(folder));
  if (current.kind === "failed" || names.kind === "failed") return [];
  return names.value.flatMap((name) => {
    const number = generationLink.exec(name)?.[1];
    return number !== undefined && name !== current.value && isLost(join(folder, name)) ? [number] : [];
  });
}

/** Nothing is lost with them; resolves with their numbers. */
export async function deleteLostGenerations(): Promise<string[]> {
  const lost = lostGenerations();
  if (lost.length > 0) {
    const args = ["-p", join(profiles, "system"), "--delete-generations", ...lost];
    await runOk("nix-env", args, { timeoutMs: 60_000 });
  }
  return lost;
}

/** Only what is known to be absent: a store that cannot be read has lost nothing. */
function isLost(link: string): boolean {
  const target = attempt(() => readlinkSync(link));
  if (target.kind === "failed" || !StorePath.safeParse(target.value).success) return false;
  const found = attempt(() => lstatSync(target.value));
  return found.kind === "failed" && isAbsent(found.errno);
}
