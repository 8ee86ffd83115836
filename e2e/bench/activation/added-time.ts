// SHELL. What Chimera adds to a bare switch: orders on a real node, in turn with the same two commands by hand.
import { z } from "zod";
import { orderLocally } from "../../soak/activation/order-locally.ts";
import type { SoakNode } from "../../soak/activation/soak-nodes.ts";
import { readFacts } from "../../soak/activation/node-facts.ts";
import { stateFolder, watchJournal } from "../../soak/activation/watch-journal.ts";
import { waitUntil } from "../../lab/wait-until.ts";
import type { Host } from "../../lab/host/host.ts";

export interface SwitchTimes {
  /** From the order's first write in the journal to the one that says committed, without the step of probation. */
  chimeraMs: number[];
  bareMs: number[];
}

const bareScript = `
set -eu
begun=$(date +%s%N)
nix-env --profile /nix/var/nix/profiles/system --set "$1" 2>/dev/null
"$1/bin/switch-to-configuration" boot >/dev/null 2>&1
"$1/bin/switch-to-configuration" test >/dev/null 2>&1
echo $((($(date +%s%N) - begun) / 1000))
`;

/** Each round is one order and two bare switches, there and back, while no agent runs. */
export async function switchTimes(node: SoakNode, rounds: number): Promise<SwitchTimes> {
  const { host } = node;
  const [a, b] = [node.toplevelOf("a"), node.toplevelOf("b")];
  const times: SwitchTimes = { chimeraMs: [], bareMs: [] };
  for (let round = 0; round < rounds; round += 1) {
    const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
    times.chimeraMs.push(await orderedSwitch(host, to));
    await host.runChecked(["systemctl", "stop", "chimera-sentinel"]);
    times.bareMs.push(await bareSwitch(host, from), await bareSwitch(host, to));
    await host.runChecked(["systemctl", "start", "chimera-sentinel"]);
    await waitRest(host);
  }
  return times;
}

async function orderedSwitch(host: Host, toplevel: string): Promise<number> {
  const marks: { step: string; ms: number }[] = [];
  const watch = watchJournal(stateFolder(host.name), ({ step }) =>
    marks.push({ step, ms: performance.now() }),
  );
  try {
    await orderLocally(host, toplevel);
    const isDone = () => marks.some(({ step }) => step === "committed");
    await waitUntil("the order committed", isDone, { timeoutMs: 60_000, everyMs: 20 });
  } finally {
    watch.close();
  }
  await waitRest(host);
  const at = (step?: string) => marks.find((mark) => step === undefined || mark.step === step)?.ms ?? 0;
  return at("committed") - at() - (at("committing") - at("probation"));
}

async function bareSwitch(host: Host, toplevel: string): Promise<number> {
  const printed = await host.runChecked(["/bin/sh", "-c", bareScript, "sh", toplevel]);
  return z.coerce.number().parse(printed.trim()) / 1000;
}

async function waitRest(host: Host): Promise<void> {
  const isResting = async () => {
    const { agents, atRest } = await readFacts(host);
    return agents[0] !== undefined && agents[0] === atRest;
  };
  await waitUntil(`${host.name} at rest`, isResting, { timeoutMs: 60_000, everyMs: 100 });
}
