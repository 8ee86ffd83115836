/** SHELL. An environment that is the programs of store paths: an interpreter of nixpkgs, or a Python with packages. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../../io.ts";
import { describe, type Environment } from "../decide/environment.ts";
import { localFolderOf } from "../decide/flake-ref.ts";
import { contentCache, isKept, withRoot, type ContentCache } from "./content-cache.ts";
import { nixIdentity } from "./nix-identity.ts";
import type { Prepared } from "./prepared.ts";
import { buildOutputs, pythonBuild } from "./python-env.ts";

type BuiltEnvironment = Extract<Environment, { kind: "python" | "program" }>;

const Kept = z.object({ v: z.literal(1), root: z.string(), outputs: z.array(z.string()).min(1) });
type Kept = z.infer<typeof Kept>;

export function builtEnvCache(
  io: Io,
  environment: BuiltEnvironment,
  { system, loose }: { system: string; loose: boolean },
): ContentCache<Kept> {
  const what =
    environment.kind === "program"
      ? ["program", environment.attribute]
      : ["python", { ...environment.packages, from: "" }, loose];
  return contentCache(io, [...what, environment.pin.reference, system, ...nixIdentity(io)], Kept);
}

export function keptBuiltEnv(cache: ContentCache<Kept>): Prepared | undefined {
  const kept = cache.read();
  if (kept === undefined || !isKept(join(cache.folder, kept.root, "result"), kept.outputs[0] ?? ""))
    return undefined;
  const folders = kept.outputs.map((output) => join(output, "bin")).filter((folder) => existsSync(folder));
  return {
    store: kept.outputs[0] ?? null,
    variables: { PATH: folders.join(":"), IN_NIX_SHELL: "impure" },
    entry: [],
    entryFolder: null,
  };
}

/** The words of `nix` for one program; those for a Python are known only when nixpkgs was asked. */
export function programCall(
  { pin, attribute }: { pin: { reference: string }; attribute: string },
  outLink: string,
): string[] {
  return ["build", "--json", "--no-write-lock-file", "--out-link", outLink, `${pin.reference}#${attribute}`];
}

export async function makeBuiltEnv(
  io: Io,
  environment: BuiltEnvironment,
  { system, loose, cache }: { system: string; loose: boolean; cache: ContentCache<Kept> },
): Promise<Prepared> {
  await withRoot(cache.folder, async (root) => {
    const outLink = join(root, "result");
    const args =
      environment.kind === "program"
        ? programCall(environment, outLink)
        : await pythonBuild(io, environment, { system, loose, outLink, folder: cache.folder });
    const outputs = await buildOutputs(io, args, describe(environment));
    await cache.write(pinFiles(environment.pin.reference), { v: 1, root: basename(root), outputs });
  });
  const prepared = keptBuiltEnv(cache);
  if (prepared !== undefined) return prepared;
  throw new ChimeraError(
    "build-failed",
    `${describe(environment)}: its files change while it is made; try again`,
  );
}

/** Of a nixpkgs that lies in a folder of this machine, its own first file at least. */
function pinFiles(reference: string): string[] {
  const folder = localFolderOf(reference);
  return folder === undefined
    ? []
    : ["flake.nix", "flake.lock", "default.nix"].map((name) => join(folder, name));
}
