/** SHELL. Installables to derivations, a bounded number of nodes in one Nix process: an evaluator never gives memory back. */
import { freemem } from "node:os";
import { ChimeraError } from "@chimera/proto/errors";
import { StorePath, type NodeName } from "@chimera/proto/names";
import { z } from "zod";
import type { Io } from "../io.ts";
import { runNix, type NixResult } from "./nix-command.ts";

/** What one NixOS system takes to evaluate, roughly. */
const bytesPerNode = 1.2 * 1024 ** 3;
const mostNodes = 16;

export interface Wanted {
  node: NodeName;
  installable: string;
}

export interface Evaluated {
  node: NodeName;
  toplevel: StorePath;
  /** What `nix build` is told to build. */
  buildable: string;
}

export interface Failed {
  node: NodeName;
  reason: string;
}

export interface EvaluateOptions {
  folder: string;
  /** Nodes for one Nix process; undefined: as many as the free memory allows. */
  batch: number | undefined;
  onStart(nodes: readonly NodeName[]): void;
}

/** The JSON of `nix build --dry-run`: one item for each installable, in their order. */
const Planned = z.array(
  z.union([
    z.string(),
    z.object({ drvPath: z.string(), outputs: z.record(z.string(), z.string().nullable()) }),
  ]),
);

export async function evaluate(
  io: Io,
  wanted: readonly Wanted[],
  options: EvaluateOptions,
): Promise<{ evaluated: Evaluated[]; failed: Failed[] }> {
  const batch = options.batch ?? Math.max(1, Math.min(mostNodes, Math.floor(freemem() / bytesPerNode)));
  const evaluated: Evaluated[] = [];
  const failed: Failed[] = [];
  for (const part of batches(wanted, batch)) {
    options.onStart(part.map(({ node }) => node));
    const result = await planBatch(io, part, options.folder);
    if (result.kind === "ok") evaluated.push(...readPlan(result.stdout, part));
    // Nix names an expression, not a node: ask for each of them alone to find out whose it is.
    else if (part.length > 1) {
      const single = await evaluate(io, part, { ...options, batch: 1 });
      evaluated.push(...single.evaluated);
      failed.push(...single.failed);
    } else failed.push(...part.map(({ node }) => ({ node, reason: result.log.failure() })));
  }
  return { evaluated, failed };
}

/** One process takes one -f FILE, so nodes are grouped by it. */
function batches(wanted: readonly Wanted[], size: number): Wanted[][] {
  const groups = Map.groupBy(wanted, ({ installable }) => splitInstallable(installable).file);
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / size) }, (_, i) => group.slice(i * size, (i + 1) * size)),
  );
}

async function planBatch(io: Io, part: readonly Wanted[], folder: string): Promise<NixResult> {
  const split = part.map(({ installable }) => splitInstallable(installable));
  const file = split[0]?.file;
  return runNix(io, {
    cwd: folder,
    args: [
      "build",
      "--dry-run",
      "--json",
      "--no-link",
      ...(file === undefined ? [] : ["--file", file]),
      ...split.map(({ target }) => target),
    ],
  });
}

/** "-f FILE ATTRIBUTE" or an installable; nothing else may begin with a dash: it would be an option of Nix. */
export function splitInstallable(installable: string): { file: string | undefined; target: string } {
  const found = /^(?:-f|--file)\s+(?<file>[^-\s]\S*)\s+(?<target>[^-\s]\S*)$/u.exec(installable)?.groups;
  if (found !== undefined) return { file: found["file"], target: found["target"] ?? "" };
  if (/^[^-\s]\S*$/u.test(installable)) return { file: undefined, target: installable };
  throw new ChimeraError(
    "config-invalid",
    `installable "${installable}": not "-f FILE ATTRIBUTE" and not one word`,
  );
}

function readPlan(stdout: string, part: readonly Wanted[]): Evaluated[] {
  const plan = Planned.parse(JSON.parse(stdout));
  if (plan.length !== part.length) {
    const names = part.map(({ node }) => node).join(", ");
    throw new ChimeraError(
      "input-invalid",
      `${names}: an installable gives ${plan.length} derivations, not 1 each`,
    );
  }
  return part.map(({ node, installable }, i) => {
    const item = plan[i] ?? "";
    if (typeof item === "string") return { node, toplevel: toplevelOf(item, installable), buildable: item };
    const [name, path] = Object.entries(item.outputs).find(([output]) => output === "out") ?? [];
    return { node, toplevel: toplevelOf(path, installable), buildable: `${item.drvPath}^${name ?? "out"}` };
  });
}

function toplevelOf(path: string | null | undefined, installable: string): StorePath {
  const result = StorePath.safeParse(path);
  if (result.success) return result.data;
  throw new ChimeraError("input-invalid", `installable ${installable} has no output "out" with a known path`);
}
