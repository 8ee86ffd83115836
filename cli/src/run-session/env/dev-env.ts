/** SHELL. The environment of a flake's devShell or a shell.nix, by `nix print-dev-env`, kept under a GC root. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { runNix } from "../../nix/nix-command.ts";
import { replaceFile } from "../../replace-file.ts";
import { devEnvOf, PrintedDevEnv } from "../decide/dev-env.ts";
import { describe, installable, type Environment } from "../decide/environment.ts";
import { contentCache, isKept, withRoot, type ContentCache } from "./content-cache.ts";
import { localInputs, traceEvaluation } from "./evaluation-trace.ts";
import { nixIdentity, searchPath } from "./nix-identity.ts";
import { throughBash, type Prepared } from "./prepared.ts";

type DevEnvironment = Extract<Environment, { kind: "flake" | "shell-nix" }>;

const Kept = z.object({
  v: z.literal(1),
  root: z.string(),
  store: z.string(),
  variables: z.record(z.string(), z.string()),
  /** Beside the root, where there is a hook to run. */
  script: z.string().nullable(),
  bash: z.string().nullable(),
});
type Kept = z.infer<typeof Kept>;

export function devEnvCache(io: Io, environment: DevEnvironment, system: string): ContentCache<Kept> {
  const isFlake = environment.kind === "flake";
  const question = isFlake
    ? ["flake", installable(environment), system, ...nixIdentity(io)]
    : ["shell-nix", environment.file, system, ...nixIdentity(io), ...searchPath(io)];
  return contentCache(io, question, Kept);
}

/** Undefined when it has to be made first. */
export function keptDevEnv(cache: ContentCache<Kept>): Prepared | undefined {
  const kept = cache.read();
  if (kept === undefined || !isKept(join(cache.folder, kept.root, "profile"), kept.store)) return undefined;
  if (kept.script === null) {
    return { store: kept.store, variables: kept.variables, entry: [], entryFolder: null };
  }
  const script = join(cache.folder, kept.root, kept.script);
  if (!existsSync(script)) return undefined;
  const bash = kept.bash !== null && existsSync(kept.bash) ? kept.bash : "bash";
  return { store: kept.store, variables: {}, entry: throughBash(bash, script), entryFolder: null };
}

/** The words of `nix`, for `--explain` too. */
export function devEnvCall(environment: DevEnvironment, profile: string): string[] {
  const what =
    environment.kind === "flake"
      ? ["--no-write-lock-file", installable(environment)]
      : ["--file", environment.file];
  return ["print-dev-env", "--json", "--profile", profile, ...what];
}

export async function makeDevEnv(
  io: Io,
  environment: DevEnvironment,
  cache: ContentCache<Kept>,
): Promise<Prepared> {
  await withRoot(cache.folder, async (root) => {
    const { kept, files } = await makeIn(io, environment, root);
    await cache.write(files, kept);
  });
  const prepared = keptDevEnv(cache);
  if (prepared !== undefined) return prepared;
  throw new ChimeraError(
    "build-failed",
    `${describe(environment)}: its files change while it is made; try again`,
  );
}

async function makeIn(
  io: Io,
  environment: DevEnvironment,
  root: string,
): Promise<{ kept: Kept; files: string[] }> {
  const profile = join(root, "profile");
  const args = devEnvCall(environment, profile);
  const { text, files } = await callNix(io, environment, args);
  const { variables, hasHook, bash } = devEnvOf(parsePrinted(text, environment));
  const script = hasHook ? "enter.sh" : null;
  if (script !== null) {
    const plain = args.filter((word) => word !== "--json");
    await replaceFile(join(root, script), (await callNix(io, environment, plain)).text);
  }
  const store = realpathSync(profile);
  return { kept: { v: 1, root: basename(root), store, variables, script, bash }, files };
}

async function callNix(
  io: Io,
  environment: DevEnvironment,
  args: readonly string[],
): Promise<{ text: string; files: string[] }> {
  const project = environment.kind === "flake" ? environment.folder : dirname(environment.file);
  const trace = traceEvaluation();
  const result = await runNix(io, {
    args: [...args, "-v"],
    cwd: project ?? io.cwd,
    // What nixpkgs' lib.inNixShell looks at.
    env: { IN_NIX_SHELL: "impure" },
    onLine: trace.onLine,
  });
  if (result.kind === "failed") {
    throw new ChimeraError("build-failed", `environment ${describe(environment)}: ${result.log.failure()}`);
  }
  return { text: result.stdout, files: project === null ? [] : localInputs(project, trace.files) };
}

function parsePrinted(text: string, environment: DevEnvironment): PrintedDevEnv {
  try {
    return PrintedDevEnv.parse(JSON.parse(text));
  } catch (cause) {
    throw new ChimeraError(
      "tool-failed",
      `environment ${describe(environment)}: nix print-dev-env printed another form`,
      {
        cause,
      },
    );
  }
}
