// SHELL. Sessions of a lab fleet for a measurement: begun by an order, waited for, ended; and those who watch them from ws.
import { z } from "zod";
import { operatorOf } from "../../fleet/operator.ts";
import { runProbe } from "../../fleet/run-probe.ts";
import type { Fleet } from "../../fleet/start-fleet.ts";
import { waitUntil } from "../../lab/wait-until.ts";

const Listed = z.looseObject({
  sessions: z.array(z.looseObject({ node: z.string(), name: z.string(), bytes: z.number() })),
});

export interface Wanted {
  /** "all", or some of the nodes. */
  on: "all" | readonly string[];
  copies: number;
  terminal?: boolean;
  argv: readonly string[];
}

/** Answers NODE/SESSION of each once all of them run. */
export async function beginSessions(fleet: Fleet, wanted: Wanted): Promise<string[]> {
  const { on, copies, terminal = false, argv } = wanted;
  const nodes = on === "all" ? fleet.lab.nodes.map(({ name }) => name) : on;
  const where = on === "all" ? ["--all"] : ["--on", ...on];
  const how = [...(terminal ? ["-t"] : []), "-d", "--timeout", "1h", "--copies", `${copies}`];
  const id = (await operatorOf(fleet.lab).ok(["exec", ...where, ...how, "--", ...argv])).trim();
  return waitUntil(
    `${copies} sessions on ${nodes.length} nodes`,
    async () => {
      const found = (await runningSessions(fleet)).filter((name) => name.includes(`/exec-${id}`));
      return found.length === copies * nodes.length && found;
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
}

/** NODE/SESSION of each. */
export async function runningSessions(fleet: Fleet): Promise<string[]> {
  const text = await operatorOf(fleet.lab).ok(["sessions", "--json"]);
  return Listed.parse(JSON.parse(text)).sessions.map(({ node, name }) => `${node}/${name}`);
}

/** By systemd on its node. */
export async function endSessions(fleet: Fleet, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const [node = "", session = ""] = name.split("/");
    const unit = `chimera-session-${session}.service`;
    await fleet.lab.host(node).runChecked(["systemctl", "kill", "-s", "KILL", unit]);
  }
}

/** What `probe/viewer.ts` measures on ws. */
export async function viewerTimes(fleet: Fleet, input: object): Promise<number[]> {
  const ws = fleet.lab.host("ws");
  const found = await ws.runChecked(["/bin/sh", "-c", "ls /nix/store/*-nodejs-*/bin/node"]);
  const [node = ""] = found.split("\n");
  const printed = await runProbe(ws, { name: "viewer", node, input, timeoutMs: 300_000 });
  return z.array(z.number()).min(1).parse(JSON.parse(printed));
}
