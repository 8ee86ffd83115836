/** SHELL. chimera.toml: the nodes of a project, their tags, keys and what to build for them. */
import { dirname, join, resolve } from "node:path";
import { PublicKeyText } from "@chimera/proto/signed/keys";
import { NodeName } from "@chimera/proto/names";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import { RolloutFile } from "../fleet/head/plan-rollout.ts";
import { PolicyFile } from "../fleet/head/head-policy.ts";
import type { Io } from "../io.ts";
import { readToml } from "../read-toml.ts";
import { RunFile } from "../run-session/env/run-file.ts";
import { SshFile } from "../ssh/transport/ssh-settings.ts";

const text = z.string().min(1).max(1024);

/** One word, and none that Nix would take for an option. */
export const FlakeRef = z
  .string()
  .max(1024)
  .regex(/^[^-\s]\S*$/u, "a flake reference is one word and begins with no dash");

const ProjectNode = z.strictObject({
  /** The key this node signs its status with. */
  key: PublicKeyText.optional(),
  tags: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u, "letters, digits, . _ -"))
    .max(64)
    .default([]),
  /** Anything `nix build` takes, or "-f FILE ATTRIBUTE". */
  installable: text.optional(),
});

export const ProjectFile = z.strictObject({
  /** Flake whose nixosConfigurations are built for nodes without an installable. */
  flake: FlakeRef.optional(),
  substituters: z.array(z.url().max(512)).max(16).optional(),
  /** Of every head that is published from here, unless the command says otherwise. */
  policy: PolicyFile.optional(),
  /** In which waves a deployment goes. */
  rollout: RolloutFile.optional(),
  /** How nodes are reached by `--over ssh`. */
  ssh: SshFile.optional(),
  /** What `chimera run` takes for scripts of this project. */
  run: RunFile.optional(),
  nodes: z.record(z.string().max(64), ProjectNode).default({}),
});
export type ProjectFile = z.infer<typeof ProjectFile>;

export interface Project extends ProjectFile {
  /** Where relative installables are meant from. */
  folder: string;
}

/** --file, else the chimera.toml of this folder or the next one above that has one; else an empty project. */
export async function readProject(io: Io, file: string | undefined): Promise<Project> {
  if (file !== undefined) {
    const path = resolve(io.cwd, file);
    const found = await readProjectFile(path);
    if (found === undefined) throw new ChimeraError("file-unreadable", `no project file ${path}`);
    return found;
  }
  for (let folder = io.cwd; ; folder = dirname(folder)) {
    const found = await readProjectFile(join(folder, "chimera.toml"));
    if (found !== undefined) return found;
    if (folder === dirname(folder)) return { folder: io.cwd, nodes: {} };
  }
}

async function readProjectFile(path: string): Promise<Project | undefined> {
  const file = await readToml(path, ProjectFile);
  if (file === undefined) return undefined;
  for (const node of Object.keys(file.nodes)) {
    const name = NodeName.safeParse(node);
    if (!name.success) {
      throw new ChimeraError("config-invalid", `${path}: nodes.${node}: ${name.error.issues[0]?.message}`);
    }
  }
  return { ...file, folder: dirname(path) };
}
