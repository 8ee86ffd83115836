// SHELL. npm run lab: the lab's machines by hand.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Command } from "commander";
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import { downOnInterrupt } from "./down-on-interrupt.ts";
import { downUnlessInUse } from "./down.ts";
import { hostEnv } from "./host/host-run.ts";
import { usualHosts } from "./host/host-spec.ts";
import { startFleet } from "../fleet/start-fleet.ts";
import { requireLab, up } from "./lab.ts";
import { prepare } from "./prepare/prepare.ts";
import { reporter } from "./report.ts";
import { printStatus } from "./print-status.ts";

const report = reporter();
const program = new Command("lab").description(
  "The lab: real machines on this machine, for Chimera's tests.",
);

program
  .command("up")
  .description("boot a fleet (hub, n1..nN, ws) and leave it running")
  .option("--nodes <n>", "number of nodes", Number, 3)
  .option("--vms <n>", "number of nodes v1..vN that are VMs with a real boot loader", Number, 0)
  .option("--plain", "hosts as plain Debian, without Chimera; no VMs")
  .action(async ({ nodes, vms, plain }: { nodes: number; vms: number; plain?: boolean }) => {
    downOnInterrupt(report);
    if (plain === true) await up({ hosts: usualHosts(nodes, vms), report, whenUp: "refuse" });
    else await startFleet({ nodes, vms, report, whenUp: "refuse" });
    report("the lab is up: `npm run lab -- enter ws -- chimera status`, `npm run lab -- down` ends it");
  });

program
  .command("down")
  .description("end every host and remove all that the lab made; also after a run that was killed")
  .action(() => downUnlessInUse(report));

program
  .command("prepare")
  .description("install missing Debian packages and make the root filesystem")
  .action(async () => {
    await prepare(report);
    report("this machine is ready for a lab");
  });

program
  .command("enter <host> [command...]")
  .description("a shell in a host, or: enter <host> -- command argument…")
  .action(enter);

program
  .command("status")
  .description("one line a host")
  .action(async () => printStatus(await requireLab()));

program
  .command("power-cut <host>")
  .description("SIGKILL to the host's PID 1")
  .action(async (name: string) => {
    await (await requireLab()).host(name).powerCut();
    report(`${name} is off`);
  });

program
  .command("boot <host>")
  .description("switch a host on and wait until it runs")
  .action(async (name: string) => {
    await (await requireLab()).host(name).boot();
    report(`${name} is running`);
  });

async function enter(name: string, command: readonly string[]): Promise<void> {
  const [file = "", ...args] = await (await requireLab()).host(name).enterArgv(command);
  const env = hostEnv({ TERM: process.env["TERM"] ?? "dumb", PS1: `${name}:\\w# ` });
  const child = spawn(file, args, { stdio: "inherit", env, cwd: "/" });
  const [code]: unknown[] = await once(child, "exit");
  process.exitCode = typeof code === "number" ? code : 1;
}

await program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`lab: ${errorChain(error)}\n`);
  if (!(error instanceof ChimeraError))
    process.stderr.write(`${error instanceof Error ? error.stack : ""}\n`);
  process.exitCode = errorCodes[error instanceof ChimeraError ? error.code : "bug"].exit;
});
