// SHELL. The story of the first fleet: world A, world B with a new agent, tampering, back to A.
import type { StorePath } from "@chimera/proto/names";
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Fleet } from "../fleet/start-fleet.ts";
import { operatorOf } from "../fleet/operator.ts";
import { tamperNode } from "../fleet/tamper-node.ts";
import { tamperKinds } from "../probe/tamper-order.ts";

export interface Stage {
  fleet: Fleet;
  timed: <T>(name: string, action: () => Promise<T>) => Promise<T>;
  show: (text: string) => void;
}

export async function firstFleet({ fleet, timed, show }: Stage): Promise<void> {
  const { lab, versions } = fleet;
  const operator = operatorOf(lab);
  const names = lab.nodes.map(({ name }) => name);
  const chimera = async (args: readonly string[]) => {
    show(`\n$ chimera ${args.join(" ")}\n`);
    show(await operator.ok(args));
  };
  const world = async (label: string, version: string) => {
    const specs = names.map((name) => [name, fleet.node(name, { label, version })] as const);
    const folder = await fleet.stageWorld(label, Object.fromEntries(specs));
    await chimera(["deploy", "--file", `${folder}/chimera.toml`, "--reason", `world ${label}`]);
    return operator.waitNodes(`world ${label} on every node`, (view) => settled(view, { label, version }));
  };

  await timed("deploy world A", () => world("a", versions.first));
  await timed("deploy world B, which brings another agent", () => world("b", versions.next));
  await timed("tamper with /etc of n1 in six ways, each put back", async () => {
    const trials = await tamperNode(lab.host("n1"), {
      trials: tamperKinds.length,
      pauseMs: 100,
      timeoutMs: 70_000,
    });
    for (const { kind, path, ms } of trials) {
      if (ms === null) throw new ChimeraError("deadline-exceeded", `${path} (${kind}) was not put back`);
      show(`  ${kind.padEnd(22)} ${path.padEnd(18)} put back after ${ms.toFixed(1).padStart(6)} ms\n`);
    }
    await chimera(["drift", "n1"]);
  });
  await timed("roll back to world A", async () => {
    await chimera(["rollback", "--reason", "the first fleet goes back"]);
    await operator.waitNodes("world a again", (view) =>
      settled(view, { label: "a", version: versions.first }),
    );
  });
  await chimera(["history"]);
}

/** Committed to the labelled system, with its agent running, nothing drifted. */
function settled({ status }: NodeView, wanted: { label: string; version: string }): boolean {
  if (status === null || status.state !== "committed") return false;
  const { current, profile, bootDefault } = status.system;
  const runs = [current, profile, bootDefault].every((path) => isLabelled(path, wanted.label));
  return runs && status.agent.version === wanted.version && status.drift.openCount === 0;
}

function isLabelled(path: StorePath | null, label: string): boolean {
  return path !== null && path.endsWith(`-${label}`);
}
