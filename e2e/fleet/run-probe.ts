// SHELL. Bundles a probe, takes it to a lab node and runs it there with the Node of the running agent.
import { build } from "esbuild";
import { join } from "node:path";
import { z } from "zod";
import type { Host } from "../lab/host/host.ts";
import { fleetFolder } from "./fleet-folder.ts";

export interface ProbeRun {
  /** Of e2e/probe, without `.ts`. */
  name: string;
  /** Node's path, asked before when no agent will run. */
  node?: string;
  input: unknown;
  timeoutMs: number;
}

/** What it printed. */
export async function runProbe(host: Host, { name, node, input, timeoutMs }: ProbeRun): Promise<string> {
  const outfile = fleetFolder("probe", `${name}.mjs`);
  const entryPoints = [join(import.meta.dirname, `../probe/${name}.ts`)];
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "esm", target: "node24" });
  await host.upload(outfile, `/root/${name}.mjs`);
  const argv = [node ?? (await nodeBinary(host)), `/root/${name}.mjs`];
  return host.runChecked(argv, { input: JSON.stringify(input), timeoutMs });
}

/** The Node that the running agent itself runs with. */
export async function nodeBinary(node: Host): Promise<string> {
  const pid = (await node.runChecked(["cat", "/run/chimera/agent.pid"])).trim();
  return (await node.runChecked(["readlink", `/proc/${z.coerce.number().int().parse(pid)}/exe`])).trim();
}
