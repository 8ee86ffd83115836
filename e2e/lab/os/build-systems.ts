// SHELL. Builds the lab's system closures with real Nix, wherever that runs: a folder is staged, Nix reads it.
import { constants } from "node:fs";
import { copyFile, cp, link, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { z } from "zod";
import { SystemIndex, Systems, type SystemSpec } from "./system-spec.ts";

/** One folder by two names: as we write it, and as Nix reads it (inside a root of its own, or on another machine). */
export type Stage = { readonly write: string; readonly read: string };

/** Runs a program where Nix is and answers what it printed; a failure is an error. */
export type Run = (argv: readonly string[]) => Promise<string>;

export type StageOptions = {
  readonly stage: Stage;
  /** Version → folder with the programs of that version (tools/bundle.ts makes one). */
  readonly dists: Readonly<Record<string, string>>;
};

export type BuildOptions = {
  readonly stage: Stage;
  readonly run: Run;
  /** From `addNode`. */
  readonly node: string;
  readonly hosts: Readonly<Record<string, SystemSpec>>;
};

const repository = join(import.meta.dirname, "../../..");
const closures = "e2e/lab/os";

/** No sandbox and no build users: the lab's roots have neither. No substituters: all there is was built here. */
const nixOptions = [
  ["--extra-experimental-features", "nix-command"],
  ["--option", "sandbox", "false"],
  ["--option", "build-users-group", ""],
  ["--option", "substituters", ""],
].flat();

/** Copies what the closures are built from, in the repository's own layout. */
export async function stageSources({ stage, dists }: StageOptions): Promise<void> {
  await rm(join(stage.write, "dist"), { recursive: true, force: true });
  for (const folder of [closures, "nix/sentinel", "nix/pure"])
    await cp(join(repository, folder), join(stage.write, folder), {
      recursive: true,
      // Read only by Nix, which would take a changed test for a changed source.
      filter: (path) => !path.endsWith(".ts") && !path.endsWith("/stc"),
    });
  for (const [version, folder] of Object.entries(dists)) {
    const target = join(stage.write, "dist", version);
    await cp(folder, target, { recursive: true, filter: (path) => !path.endsWith(".map") });
  }
  await build({
    entryPoints: [join(repository, closures, "stc/main.ts")],
    outfile: join(stage.write, "dist/stc.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    logLevel: "warning",
  });
}

/** Puts the node binary into the store: a path of its own, which no version of Chimera changes. */
export async function addNode({
  stage,
  run,
  binary,
}: {
  stage: Stage;
  run: Run;
  binary: string;
}): Promise<string> {
  const target = join(stage.write, "nodejs/bin/node");
  await mkdir(dirname(target), { recursive: true });
  await rm(target, { force: true });
  // 120 MB: a second name where that is possible
  await link(binary, target).catch(() => copyFile(binary, target, constants.COPYFILE_FICLONE));
  return addPath({ stage, run }, { folder: "nodejs", name: `nodejs-${process.versions.node}` });
}

/** Puts a staged folder into the store under a name. */
export async function addPath(
  { stage, run }: { stage: Stage; run: Run },
  { folder, name }: { folder: string; name: string },
): Promise<string> {
  const command = ["nix", ...nixOptions, "store", "add-path", "--name", name];
  return (await run([...command, join(stage.read, folder)])).trim();
}

/** Builds all hosts' toplevels in one evaluation: host → store path. */
export async function buildSystems(options: BuildOptions): Promise<Record<string, string>> {
  await writeSystems(options);
  const printed = await options.run([
    "nix",
    ...nixOptions,
    "build",
    "--no-link",
    "--print-out-paths",
    ...installable(options.stage, "index"),
  ]);
  return SystemIndex.parse(JSON.parse(await options.run(["cat", printed.trim()])));
}

/** The file that default.nix reads; after it `nix build <installable>` gives any host's system. */
export async function writeSystems({ stage, node, hosts }: Omit<BuildOptions, "run">): Promise<void> {
  const systems = Systems.safeParse({ node, hosts });
  if (!systems.success) throw new Error(`systems of the lab: ${z.prettifyError(systems.error)}`);
  await writeFile(join(stage.write, closures, "systems.json"), JSON.stringify(systems.data, null, 1));
}

/** Arguments of `nix build` for one attribute: `systems.<host>`, `index`. */
export function installable(stage: Stage, attribute: string): string[] {
  return ["-f", join(stage.read, closures), attribute];
}
