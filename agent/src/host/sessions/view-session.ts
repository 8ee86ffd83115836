/**
 * SHELL. A tmux session in which people on the node watch something. It ends with the program that it shows; a lost tmux server
 * loses the view, never what is watched.
 */
import { join } from "node:path";
import { run, runOk } from "../run.ts";
import { inTurn } from "./tmux-turn.ts";

export interface ViewSession {
  runtimeDir: string;
  name: string;
}

const toolMs = 30_000;

/** Leaves one that is there alone; `show` resolves with what is to be shown, or null where there is nothing. */
export async function ensureView(
  { runtimeDir, name }: ViewSession,
  show: () => Promise<readonly string[] | null>,
): Promise<void> {
  // Never without `-N`: a client would start a server outside the sentinel's unit.
  const socket = join(runtimeDir, "tmux.sock");
  const tmux = ["-N", "-S", socket];
  const { exitCode } = await run("tmux", [...tmux, "has-session", "-t", `=${name}`], { timeoutMs: toolMs });
  if (exitCode === 0) return;
  const argv = await show();
  if (argv === null) return;
  const words = [...tmux, "new-session", "-d", "-s", name, "-x", "120", "-y", "40", ...argv];
  await inTurn(socket, () => runOk("tmux", words, { timeoutMs: toolMs }));
}

/** One that is not there is no trouble. */
export async function closeView(runtimeDir: string, name: string): Promise<void> {
  const socket = join(runtimeDir, "tmux.sock");
  const words = ["-N", "-S", socket, "kill-session", "-t", `=${name}`];
  await inTurn(socket, () => run("tmux", words, { timeoutMs: toolMs }));
}
