/** SHELL. Which store path this agent runs from, and whether the active system would start this very agent. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { StorePath } from "@chimera/proto/names";
import { writeDurably } from "../state/state-file.ts";

const activeAgent = "/run/current-system/sw/bin/chimera-agent";

export function storePathOf(file: string): StorePath | null {
  const path = realPath(file)?.split("/").slice(0, 4).join("/");
  return StorePath.safeParse(path).data ?? null;
}

/**
 * False only when the active system has an agent and it is another one. Its program is a wrapper, which may lie in
 * a store path of its own: then it names ours in its text.
 */
export function isActiveAgent(own: StorePath | null, link = activeAgent): boolean {
  const program = realPath(link);
  if (own === null || program === null) return true;
  return program.startsWith(`${own}/`) || readFileSync(program, "utf8").slice(0, 65_536).includes(own);
}

/** For the supervisor: what to start when the active system knows nothing of Chimera. */
export function recordAgentPath(stateDir: string, own: StorePath | null, link = activeAgent): void {
  const program = [realPath(link), `${own}/bin/chimera-agent`].find(
    (path) => own !== null && path !== null && existsSync(path),
  );
  const file = join(stateDir, "agent-path");
  if (program === undefined || program === null || !isActiveAgent(own, program)) return;
  if (existsSync(file) && readFileSync(file, "utf8") === `${program}\n`) return;
  try {
    writeDurably(file, `${program}\n`);
  } catch (error) {
    // On a full disk an agent must be able to start.
    if (!(error instanceof ChimeraError)) throw error;
  }
}

function realPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    return null;
  }
}
