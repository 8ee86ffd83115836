/** SHELL. One run of `nix`: argv only, its internal-json log read line by line, a failure as its own words. */
import { ChimeraError } from "@chimera/proto/errors";
import { execa } from "execa";
import type { Io } from "../io.ts";
import { createBuildLog, type BuildLog } from "./build-log.ts";

export interface NixCall {
  args: readonly string[];
  cwd?: string;
  stdin?: string;
  /** Beside this process's own. */
  env?: Readonly<Record<string, string>>;
  /** Told after each change of what is being built. */
  onProgress?: (log: BuildLog) => void;
  /** Each line of its log, as it is. */
  onLine?: (line: string) => void;
}

export type NixResult = { kind: "ok"; stdout: string } | { kind: "failed"; exitCode: number; log: BuildLog };

const always = ["--extra-experimental-features", "nix-command flakes", "--log-format", "internal-json"];
const maxOutputChars = 512 * 1024 * 1024;

/** Throws tool-missing when there is no nix, deadline… never: Nix may build for hours; Ctrl-C ends it. */
export async function runNix(
  io: Io,
  { args, cwd = io.cwd, stdin, env, onProgress, onLine }: NixCall,
): Promise<NixResult> {
  const log = createBuildLog();
  const child = execa("nix", [...args, ...always], {
    cwd,
    env: { ...io.env, ...env },
    extendEnv: false,
    reject: false,
    cancelSignal: io.signal,
    maxBuffer: maxOutputChars,
    input: stdin ?? "",
    buffer: { stderr: false },
  });
  for await (const line of child.iterable({ from: "stderr" })) {
    onLine?.(line);
    if (log.read(line)) onProgress?.(log);
  }
  const result = await child;
  if (result.code === "ENOENT") {
    throw new ChimeraError("tool-missing", "there is no `nix` on PATH: it evaluates, builds and pushes");
  }
  io.signal.throwIfAborted();
  if (!result.failed) return { kind: "ok", stdout: result.stdout };
  return { kind: "failed", exitCode: result.exitCode ?? -1, log };
}

/** The same where a failure is nobody's expected outcome. */
export async function nixOutput(io: Io, call: NixCall, what: string): Promise<string> {
  const result = await runNix(io, call);
  if (result.kind === "ok") return result.stdout;
  throw new ChimeraError(
    "tool-failed",
    `${what}: nix ended with ${result.exitCode}: ${result.log.failure()}`,
  );
}
