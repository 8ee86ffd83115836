// SHELL. Bench `modules`: what Nix takes to evaluate mkFleet with one node and with a hundred, on nixpkgs' own module system.
import { ChimeraError } from "@chimera/proto/errors";
import { execa } from "execa";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { Report } from "../lab/report.ts";
import { toolCommand } from "../lab/tools/tool-command.ts";
import { percentiles, type Figure } from "./figures.ts";

const rounds = 10;
const counts = [1, 100];
const fleetFile = join(import.meta.dirname, "../../nix/tests/many.nix");

/** With NIX_SHOW_STATS. */
const Stats = z.object({ cpuTime: z.number(), gc: z.object({ totalBytes: z.number() }) });

export async function modules(report: Report): Promise<Figure[]> {
  const lib = process.env["CHIMERA_NIXPKGS_LIB"];
  if (lib === undefined)
    throw new ChimeraError("usage", "CHIMERA_NIXPKGS_LIB is to name a folder with lib/ of nixpkgs");
  const figures: Figure[] = [];
  for (const count of counts) {
    report(`${rounds} evaluations of ${count} nodes`);
    const measured: z.infer<typeof Stats>[] = [];
    for (let round = 0; round <= rounds; round += 1) measured.push(await evaluateFleet(resolve(lib), count));
    const warm = measured.slice(1);
    figures.push(
      shown(
        `eval_${count}_s`,
        warm.map(({ cpuTime }) => cpuTime),
        "s of CPU",
      ),
      shown(
        `eval_${count}_mb`,
        warm.map(({ gc }) => gc.totalBytes / 1e6),
        "MB allocated",
      ),
    );
  }
  return figures;
}

/** Nothing was promised of it. */
function shown(name: string, samples: readonly number[], unit: string): Figure {
  return { ...percentiles(name, samples, { unit, bounds: { p50: 0 } }), bound: "", ok: true };
}

async function evaluateFleet(lib: string, count: number): Promise<z.infer<typeof Stats>> {
  const [program = "nix-instantiate", ...first] = toolCommand("nix-instantiate");
  const args = ["--eval", "--strict", "--json", "-A", "all", "--argstr", "nixpkgsLib", lib];
  const { exitCode, stderr } = await execa(
    program,
    [...first, ...args, "--argstr", "count", `${count}`, fleetFile],
    { reject: false, stdin: "ignore", timeout: 120_000, env: { NIX_SHOW_STATS: "1" } },
  );
  if (exitCode !== 0) throw new ChimeraError("tool-failed", `nix-instantiate: ${stderr.slice(-2000)}`);
  return Stats.parse(JSON.parse(stderr.slice(stderr.indexOf("{"))));
}
