/** SHELL. `npm test`: every project of the test runner in turn, with counts taken from its own reports. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import { countReport, type Counts } from "../tools/count-report.ts";
import { listPackages } from "./lab/prepare/list-packages.ts";
import { prepare } from "./lab/prepare/prepare.ts";
import { reporter } from "./lab/report.ts";
import { toolCommand } from "./lab/tools/tool-command.ts";
import { ensureVmBase } from "./lab/vm/vm-base.ts";

const root = resolve(import.meta.dirname, "..");
const reports = join(root, ".vitest");
const projects = ["unit", "layers", "integration", "lab-alone", "lab"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { project: { type: "string", multiple: true, default: projects } },
});
const unknown = values.project.filter((name) => !projects.includes(name));
if (unknown.length > 0) {
  console.error(`There is no test project ${unknown.join(", ")}; there are ${projects.join(", ")}.`);
  process.exit(64);
}

// An interrupted run still lets the test runner end its servers, and still says what it found.
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort(signal));

const started = performance.now();
const results: { project: string; counts: Counts; seconds: number }[] = [];
await mkdir(reports, { recursive: true });
await rm(join(reports, "summary.txt"), { force: true });
await setUp().catch(explain);
for (const project of values.project) {
  if (interrupted.signal.aborted) break;
  const begun = performance.now();
  const counts = await runProject(project);
  results.push({ project, counts, seconds: (performance.now() - begun) / 1000 });
  // Written after each project: a run that is cut off still leaves what it found.
  await writeFile(join(reports, "summary.txt"), `${summary()}\n`);
}
process.stdout.write(await listPackages());
printResults();
const allPassed = results.every(({ counts }) => counts.failed === 0 && counts.passed > 0);
process.exitCode = allPassed && !interrupted.signal.aborted ? 0 : 1;

/** The lab needs a whole machine; integration tests are content with a machine that has their tools. */
async function setUp(): Promise<void> {
  const needsLab = values.project.some((name) => name.startsWith("lab"));
  const needsTools = values.project.includes("integration") && !hasTools();
  if (needsLab || needsTools) await prepare(reporter());
  // Before two scenarios want them at once.
  if (needsLab) await ensureVmBase(reporter());
}

function hasTools(): boolean {
  try {
    for (const tool of ["nix", "tmux", "nats-server"] as const) toolCommand(tool);
    return true;
  } catch (error) {
    if (error instanceof ChimeraError && error.code === "tool-missing") return false;
    throw error;
  }
}

function explain(error: unknown): never {
  if (!(error instanceof ChimeraError)) throw error;
  console.error(errorChain(error));
  process.exit(errorCodes[error.code].exit);
}

async function runProject(project: string): Promise<Counts> {
  const file = join(reports, `${project}.json`);
  await rm(file, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const { failed } = await execa("vitest", ["run", "--project", project, ...reporters, ...positionals], {
    cwd: root,
    preferLocal: true,
    localDir: root,
    reject: false,
    // Tests of a program may not import the lab: they are told where the tool is.
    env: project === "integration" ? { CHIMERA_NATS_SERVER: toolCommand("nats-server")[0] ?? "" } : {},
    cancelSignal: interrupted.signal,
    forceKillAfterDelay: 60_000,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const counts = countReport(await readFile(file, "utf8").catch(() => undefined));
  const isUnsaid = failed && counts.failed === 0;
  return isUnsaid ? { ...counts, failed: 1, failures: [`${project}: vitest ended with a failure`] } : counts;
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, one) => total + one, 0);
}

function summary(): string {
  const passed = sum(results.map(({ counts }) => counts.passed));
  const failed = sum(results.map(({ counts }) => counts.failed));
  return `${passed} passed, ${failed} failed`;
}

function printResults(): void {
  console.log("");
  for (const { project, counts, seconds } of results) {
    const { passed, failed, skipped } = counts;
    const line = `${String(passed).padStart(5)} passed  ${String(failed).padStart(3)} failed`;
    console.log(
      `${project.padEnd(12)} ${line}  ${String(sum(skipped.values())).padStart(3)} skipped  ${seconds.toFixed(1).padStart(6)} s`,
    );
    for (const [name, count] of skipped) console.log(`  skipped: ${count} of "${name}"`);
  }
  for (const { counts } of results) for (const line of counts.failures) console.log(`  failed: ${line}`);
  console.log(`\n${summary()} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
