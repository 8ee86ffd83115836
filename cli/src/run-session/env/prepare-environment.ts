/** SHELL. Makes a decided environment, or finds it made. Only what has to be made says so. */
import { describe, type Environment } from "../decide/environment.ts";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { nothingPrepared, type Prepared } from "./prepared.ts";

export interface PrepareOptions {
  system: string;
  loose: boolean;
  /** Makes it anew though nothing has changed. */
  refresh: boolean;
  /** Where the command is to run. */
  cwd: string;
}

export async function prepareEnvironment(
  io: Io,
  environment: Environment,
  options: PrepareOptions,
): Promise<Prepared> {
  switch (environment.kind) {
    case "none":
    case "nix-script":
      return nothingPrepared;
    case "devenv":
    case "devbox":
      return entered(environment, options.cwd);
    case "flake":
    case "shell-nix":
      return devEnv(io, environment, options);
    case "python":
    case "program":
      return builtEnv(io, environment, options);
  }
}

async function devEnv(
  io: Io,
  environment: Extract<Environment, { kind: "flake" | "shell-nix" }>,
  { system, refresh }: PrepareOptions,
): Promise<Prepared> {
  const { devEnvCache, keptDevEnv, makeDevEnv } = await import("./dev-env.ts");
  const cache = devEnvCache(io, environment, system);
  const kept = refresh ? undefined : keptDevEnv(cache);
  return kept ?? told(io, environment, () => makeDevEnv(io, environment, cache));
}

async function builtEnv(
  io: Io,
  environment: Extract<Environment, { kind: "python" | "program" }>,
  options: PrepareOptions,
): Promise<Prepared> {
  const { builtEnvCache, keptBuiltEnv, makeBuiltEnv } = await import("./built-env.ts");
  const cache = builtEnvCache(io, environment, options);
  const kept = options.refresh ? undefined : keptBuiltEnv(cache);
  return kept ?? told(io, environment, () => makeBuiltEnv(io, environment, { ...options, cache }));
}

/** The words that enter an environment by a tool of its own. */
export function entryWords({ kind, folder }: { kind: "devenv" | "devbox"; folder: string }): string[] {
  return kind === "devenv" ? ["devenv", "shell", "--"] : ["devbox", "run", "--config", folder, "--"];
}

/** Both run their command in the project's folder; `env` brings it back to where the command belongs. */
function entered(environment: { kind: "devenv" | "devbox"; folder: string }, cwd: string): Prepared {
  const entry = [...entryWords(environment), "env", "-C", cwd];
  return { ...nothingPrepared, entry, entryFolder: environment.folder };
}

async function told(io: Io, environment: Environment, make: () => Promise<Prepared>): Promise<Prepared> {
  const begunMs = io.nowMs();
  io.err(`${printableLine(`chimera: making the environment: ${describe(environment)}`)}\n`);
  const prepared = await make();
  io.err(`chimera: made it in ${((io.nowMs() - begunMs) / 1000).toFixed(1)} s\n`);
  return prepared;
}
