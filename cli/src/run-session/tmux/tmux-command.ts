/** SHELL. One call of tmux, argv only, on the user's own server. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../../io.ts";
import { findProgram } from "../env/find-program.ts";

export interface TmuxResult {
  code: number;
  stdout: string;
  stderr: string;
}

export function tmuxProgram({ env, cwd }: Pick<Io, "env" | "cwd">): string {
  const found = findProgram("tmux", env["PATH"], cwd);
  if (found !== undefined) return found;
  throw new ChimeraError(
    "tool-missing",
    "there is no `tmux` on PATH: sessions live in it (chimera run without a terminal, as in a pipe, needs none)",
  );
}

/** Its variables stay in the server for ever: it gets none that hold a secret. */
export function serverEnvironment(env: Io["env"]): Record<string, string> {
  const kept = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "TERMINFO",
    "TERMINFO_DIRS",
  ];
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** `program`: its path, and what it may know. */
export async function callTmux(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<TmuxResult> {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() };
}
