// SHELL. Measures inside a node, with its own Node and on its own file system: writes of the journal, and recoveries.
import { join } from "node:path";
import { build } from "esbuild";
import { z } from "zod";
import { fleetFolder } from "../../fleet/fleet-folder.ts";
import type { Host } from "../../lab/host/host.ts";

const agentSources = join(import.meta.dirname, "../../../agent/src");

/** The agent's own writer, bundled: a journal as it is, written beside the real one. */
export const writesProgram = `
import { readFileSync, rmSync } from "node:fs";
import { writeStateFile } from "./host/state/state-file.ts";
const [count] = process.argv.slice(2).map(Number);
const journal = JSON.parse(readFileSync("/var/lib/chimera/journal.json", "utf8"));
const path = "/var/lib/chimera/bench-journal.json";
const samples = [];
for (let i = 0; i < count; i += 1) {
  const begun = performance.now();
  writeStateFile(path, { ...journal, transitions: i });
  samples.push(performance.now() - begun);
}
rmSync(path);
console.log(JSON.stringify(samples));
`;

/**
 * Each time the journal says that an activation was under way in an earlier boot. Measured from just before the agent is
 * started to the write of what it decided; beside it the start of the same program that only says its version.
 */
export const recoveriesProgram = `
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, renameSync, watch, writeFileSync } from "node:fs";
const [count] = process.argv.slice(2).map(Number);
const path = "/var/lib/chimera/journal.json";
const bin = "/run/current-system/sw/bin";
const text = readFileSync(path, "utf8");
const journal = JSON.parse(text);
const put = (content) => { writeFileSync(path + ".bench", content); renameSync(path + ".bench", path); };
const interrupted = JSON.stringify({
  ...journal, step: "activating", bootId: "an earlier boot", unit: null, deadMan: null,
  toplevel: process.argv[3], before: { current: process.argv[4], profile: process.argv[4], bootDefault: process.argv[4] },
});
const decisions = [], starts = [], words = [];
for (let i = 0; i < count; i += 1) {
  put(interrupted);
  const decided = Promise.withResolvers();
  const watcher = watch("/var/lib/chimera", (_, name) => {
    if (name !== "journal.json") return;
    const now = readFileSync(path, "utf8");
    if (now !== interrupted) decided.resolve([performance.now(), JSON.parse(now).step]);
  });
  const begun = performance.now();
  const child = spawn(bin + "/chimera-recover", [], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const [at, step] = await decided.promise;
  decisions.push(at - begun);
  words.push(step);
  await ended;
  watcher.close();
  const started = performance.now();
  spawnSync(bin + "/chimera-agent", ["version"], { stdio: "ignore" });
  starts.push(performance.now() - started);
}
put(text);
console.log(JSON.stringify({ decisions, starts, words }));
`;

const Samples = z.array(z.number()).min(1);
const Recoveries = z.object({ decisions: Samples, starts: Samples, words: z.array(z.string()) });
export type Recoveries = z.infer<typeof Recoveries>;

export async function journalWrites(host: Host, count: number): Promise<number[]> {
  return Samples.parse(await runProbe(host, writesProgram, [`${count}`]));
}

export interface RecoveryOrder {
  count: number;
  /** What was being activated, and what runs. */
  wanted: string;
  running: string;
}

/** The caller has stopped the sentinel. */
export async function recoveries(host: Host, { count, wanted, running }: RecoveryOrder): Promise<Recoveries> {
  return Recoveries.parse(await runProbe(host, recoveriesProgram, [`${count}`, wanted, running]));
}

export async function bundleProbe(contents: string, outfile: string): Promise<void> {
  const stdin = { contents, resolveDir: agentSources, loader: "ts" } as const;
  const options = {
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    logLevel: "silent",
  } as const;
  await build({ stdin, outfile, ...options });
}

async function runProbe(host: Host, contents: string, args: readonly string[]): Promise<unknown> {
  const outfile = fleetFolder("probe", "activation.mjs");
  await bundleProbe(contents, outfile);
  await host.upload(outfile, "/root/activation-probe.mjs");
  const node = "/run/current-system/sw/bin/node";
  const printed = await host.runChecked([node, "/root/activation-probe.mjs", ...args], {
    timeoutMs: 300_000,
  });
  return JSON.parse(printed);
}
