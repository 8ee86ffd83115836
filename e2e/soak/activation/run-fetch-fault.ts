// SHELL. The disk fills while a node fetches: the one fault that needs a signed head, since root's own orders fetch nothing.
import { waitUntil } from "../../lab/wait-until.ts";
import type { Host } from "../../lab/host/host.ts";
import { readFacts } from "./node-facts.ts";
import { applySetting } from "./node-settings.ts";
import { expectedOf } from "./run-kill.ts";
import type { SoakNode } from "./soak-nodes.ts";
import { fetchedSystem } from "./systems.ts";
import type { TrialEnd } from "./trial-end.ts";
import { waitRest } from "./wait-rest.ts";

/** What it alone is made of goes with it. */
const forgetSystem = `
for link in /nix/var/nix/profiles/system-*-link /nix/var/nix/gcroots/chimera/*; do
  [ "$(readlink "$link")" != "$1" ] || rm "$link"
done
nix-collect-garbage >/dev/null
[ ! -e "$1" ]`;

const fetchMs = 120_000;
/** The next try comes ever more slowly. */
const restMs = 240_000;

/** No other node may be in a trial: a head is the whole fleet's. */
export async function runFetchFault(node: SoakNode, nodes: readonly SoakNode[]): Promise<TrialEnd> {
  await Promise.all(nodes.map(({ reset }) => reset()));
  try {
    return await fetchWithoutRoom(node);
  } finally {
    await forget(node, nodes);
  }
}

async function fetchWithoutRoom(node: SoakNode): Promise<TrialEnd> {
  const { host } = node;
  const before = await readFacts(host);
  const to = node.toplevelOf(fetchedSystem);
  const makeRoom = await applySetting(host, "small-store", before.current);
  const begun = performance.now();
  await node.deploy(fetchedSystem);
  await waitUntil(`${host.name} out of space`, () => hasFailedToFetch(host), {
    timeoutMs: fetchMs,
    everyMs: 200,
  });
  const meanwhile = await readFacts(host);
  await makeRoom();
  const expected = expectedOf(before, { to, ends: ["new"] });
  const { verdict, facts } = await waitRest(host, expected, { timeoutMs: restMs });
  const ms = Math.round(performance.now() - begun);
  const moved = meanwhile.current === before.current ? [] : ["it moved before it had all that it needs"];
  const wrong = [...verdict.wrong, ...moved];
  const systems = { from: before.current, to };
  return { systems, shot: null, verdict: { ...verdict, ok: wrong.length === 0, wrong }, facts, ms };
}

async function hasFailedToFetch(host: Host): Promise<boolean> {
  const { journal } = await readFacts(host);
  return journal?.step === "accepted" && journal.problem !== null;
}

/** The fleet is on `a` again, by a head that every node has taken before it is kept aside anew. */
async function forget(node: SoakNode, nodes: readonly SoakNode[]): Promise<void> {
  await node.deploy("a");
  const serial = await backOnA(node, 0);
  for (const one of nodes) await backOnA(one, serial);
  // It has to be fetched once more the next time.
  await node.host.runChecked(["/bin/sh", "-euc", forgetSystem, "sh", node.toplevelOf(fetchedSystem)]);
  for (const one of nodes) await one.renew();
}

/** Answers the serial of the head that it has carried out. */
function backOnA({ host, toplevelOf }: SoakNode, serial: number): Promise<number> {
  const look = async () => {
    const { current, journal, agents, atRest } = await readFacts(host);
    const isDone = journal?.step === "committed" && journal.order.serial >= serial;
    return isDone && current === toplevelOf("a") && agents[0] === atRest && journal.order.serial;
  };
  return waitUntil(`${host.name} on a again`, look, { timeoutMs: 120_000, everyMs: 200 });
}
