// SHELL. A user with real Nix, a flake of bare derivations and the bundled CLI, and a clock that stands beside what it starts.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { ChimeraError } from "@chimera/proto/errors";
import { cacheFolder } from "../../lab/prepare/cache-folder.ts";
import { prepare } from "../../lab/prepare/prepare.ts";
import type { Report } from "../../lab/report.ts";
import { toolRoot } from "../../lab/tools/tool-root.ts";
import { waitUntil } from "../../lab/wait-until.ts";
import { bundle } from "../../../tools/bundle.ts";

export interface Timing {
  words: readonly string[];
  rounds: number;
  /** In a terminal of tmux's, else with pipes. */
  atTerminal: boolean;
}

export interface RunStage extends AsyncDisposable {
  chimera: readonly string[];
  nix: readonly string[];
  flake: string;
  /** Milliseconds of each round but the first, which warms up. */
  measure(timing: Timing): Promise<number[]>;
}

const clock = join(import.meta.dirname, "clock.ts");
const Samples = z.array(z.number().positive()).min(1);
const system = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";
const flake = `{ outputs = _: { devShells.${system}.default = derivation {
  name = "bench"; system = "${system}"; builder = "/bin/bash"; outputs = [ "out" ]; PATH = "/usr/bin:/bin";
}; }; }
`;

export async function createRunStage(report: Report): Promise<RunStage> {
  const folder = await mkdtemp(join(cacheFolder(), "bench-run-"));
  const places = { work: join(folder, "work"), runtime: join(folder, "r"), home: join(folder, "home") };
  for (const place of Object.values(places)) await mkdir(place, { mode: 0o700 });
  await writeFile(join(places.work, "flake.nix"), flake);
  report("bundling the CLI, finding Nix");
  const program = (await bundle({ outdir: join(folder, "dist") })).find((path) =>
    path.endsWith("chimera.mjs"),
  );
  const before = await wordsWithNix(folder, report);
  const env = [
    "env",
    "-u",
    "TMUX",
    `HOME=${places.home}`,
    `XDG_RUNTIME_DIR=${places.runtime}`,
    "LANG=C.UTF-8",
  ];
  const options = ["--extra-experimental-features", "nix-command flakes", "--option", "flake-registry", ""];
  const measure = async (timing: Timing): Promise<number[]> => {
    const out = join(folder, `samples-${process.hrtime.bigint()}.json`);
    const order = JSON.stringify({ ...timing, out, cwd: places.work });
    const words = [...before, ...env, process.execPath, clock, order];
    await (timing.atTerminal ? inTerminal(folder, words, out) : inPipe(words));
    return Samples.parse(JSON.parse(await readFile(out, "utf8")));
  };
  return {
    chimera: [process.execPath, program ?? ""],
    nix: ["nix", ...options],
    flake: `path:${places.work}`,
    measure,
    [Symbol.asyncDispose]: async () => {
      for (const socket of [join(folder, "terminal"), join(places.runtime, "chimera/run-tmux.sock")]) {
        await execa("tmux", ["-N", "-S", socket, "kill-server"], { reject: false });
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** This machine's Nix, else that of the lab's root filesystem with a store of its own. */
async function wordsWithNix(folder: string, report: Report): Promise<string[]> {
  const path = process.env["PATH"] ?? "";
  if (path.split(delimiter).some((entry) => existsSync(join(entry, "nix")))) return [];
  await prepare(report);
  const config = join(folder, "nix.conf");
  await writeFile(config, "sandbox = false\nbuild-users-group =\nsubstituters =\n");
  const tools = toolRoot({ nixDir: join(folder, "nix") });
  return [...tools.argv(["env"], { cwd: resolve(folder) }), `NIX_USER_CONF_FILES=${config}`];
}

async function inPipe(words: readonly string[]): Promise<void> {
  const [program = "", ...args] = words;
  const { exitCode, stderr } = await execa(program, args, {
    reject: false,
    stdin: "ignore",
    timeout: 300_000,
  });
  if (exitCode !== 0) throw new ChimeraError("tool-failed", `the clock ended with ${exitCode}: ${stderr}`);
}

/** Two minutes for what takes seconds. */
async function inTerminal(folder: string, words: readonly string[], out: string): Promise<void> {
  const args = [
    "-S",
    join(folder, "terminal"),
    "-f",
    "/dev/null",
    "new-session",
    "-d",
    "-x",
    "100",
    "-y",
    "30",
  ];
  await execa("tmux", [...args, "--", ...words]);
  await waitUntil("the clock in its terminal", async () => Promise.resolve(existsSync(out)), {
    timeoutMs: 120_000,
    everyMs: 100,
  });
}
