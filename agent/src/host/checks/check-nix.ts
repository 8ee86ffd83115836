/**
 * SHELL. Check `nix`: its daemon answers where there is one, the database opens and knows the running system, the store
 * takes a path, roots and profile lead somewhere, a boot default exists. Two of these need Nix's own tool, and an idle
 * agent starts no process: they are asked until they have passed, after any failure, and every few hours.
 */
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StorePath } from "@chimera/proto/names";
import { describeEnd } from "./check-command.ts";
import { daemonProblem } from "./nix-daemon.ts";
import { databaseProblem, daemonSocket, isPermanent, linkProblem, type NixPlaces } from "./nix-places.ts";
import { failed, passed } from "../../reconcile/checks/check-outcome.ts";
import type { CheckRun } from "./check-run.ts";
import { runProgram } from "./run-program.ts";

export interface NixCheckOptions {
  toplevel: () => StorePath | null;
  uptimeMs: () => number;
  places?: NixPlaces | undefined;
}

const machine: NixPlaces = { root: "/", nixStore: ["nix-store"] };
/** Each time leaves a path of a few bytes, until garbage is collected. */
const thoroughMs = 6 * 3600_000;

export function createNixCheck({ toplevel, uptimeMs, places = machine }: NixCheckOptions): CheckRun {
  let thoroughAtMs: number | null = null;
  return async (signal) => {
    const isThorough = thoroughAtMs === null || uptimeMs() - thoroughAtMs >= thoroughMs;
    const problem =
      (await quietProblem({ toplevel: toplevel(), places, signal })) ??
      (isThorough ? await toolProblem({ toplevel: toplevel(), places, signal }) : null);
    if (problem !== null) {
      thoroughAtMs = null;
      return failed(problem);
    }
    if (isThorough) thoroughAtMs = uptimeMs();
    return passed("Nix answers, roots and boot default exist");
  };
}

interface Look {
  toplevel: StorePath | null;
  places: NixPlaces;
  signal: AbortSignal;
}

async function quietProblem({ toplevel, places: { root }, signal }: Look): Promise<string | null> {
  if (toplevel === null) return "the running system is not known";
  if (!existsSync(join(root, toplevel))) return `${toplevel} does not exist`;
  // A new system is not to blame for what leads to the old one.
  const found = (isPermanent(root, toplevel) ? linkProblem(root) : null) ?? databaseProblem(root);
  if (found !== null) return found;
  const socket = daemonSocket(root);
  return socket === null ? null : daemonProblem(socket, signal);
}

/** Through the daemon where there is one: by default root goes past it. */
async function toolProblem({ toplevel, places, signal }: Look): Promise<string | null> {
  if (toplevel === null) return "the running system is not known";
  const env = daemonSocket(places.root) === null ? {} : { NIX_REMOTE: "daemon" };
  const ask = async (args: readonly string[]) => {
    const end = await runProgram([...places.nixStore, ...args], { signal, env });
    return end.kind === "ended" && end.exitCode === 0 ? null : describeEnd(end);
  };
  const validity = await ask(["--check-validity", toplevel]);
  if (validity !== null) return `nix-store --check-validity ${validity}`;
  const folder = mkdtempSync(join(tmpdir(), "chimera-check-"));
  try {
    const file = join(folder, "chimera-check");
    // What is in the store already would not be written.
    writeFileSync(file, randomUUID());
    const added = await ask(["--add", file]);
    return added === null ? null : `nix-store --add ${added}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
