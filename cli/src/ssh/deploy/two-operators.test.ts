/** Two operators publish over ssh at once: there is no store that takes only one of two heads, and the fleet is not split all the same. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeName } from "@chimera/proto/names";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { Head } from "@chimera/proto/signed/head";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createJudgingNodes } from "../../../test/fixture/judging-nodes.ts";
import { testIo } from "../../../test/fixture/operator.ts";
import { createSignedFleet, toplevel, type SignedHead } from "../../../test/fixture/signed-fleet.ts";
import { closureOf } from "../../../test/fixture/store-object.ts";
import { currentContext } from "../../context/current-context.ts";
import { readSeen, rememberHead } from "../../fleet/fleet-memory.ts";
import { planWorld } from "../../fleet/head/plan.ts";
import { readUnstored, writeUnstored } from "../../fleet/unstored-mark.ts";
import { keepWorld } from "../../fleet/world-copy.ts";
import { createSshObserver, type SshObserver } from "../fleet/ssh-observer.ts";
import { deliverHead } from "./deliver-head.ts";
import { lookAgain } from "./look-again.ts";

const names = ["a", "b", "c"];
const fleet = createSignedFleet(names);
const { fleetId } = fleet;
const before = fleet.head(7, fleet.world());
const base = fleet.head(8, fleet.world(), { previous: before.id, revertTo: worldId(before.leaves) });
const homes: string[] = [];
let nodes: ReturnType<typeof createJudgingNodes>;

beforeEach(() => {
  nodes = createJudgingNodes(fleet, names);
  for (const name of names) take(name, base);
});
afterEach(async () => {
  for (const home of homes.splice(0)) await rm(home, { recursive: true, force: true });
});

function take(name: string, head: SignedHead): void {
  const { envelope } = head;
  expect(nodes.take(name, { kind: "head", envelope, proof: fleet.proof(head, name) }).verdict).toBe(
    "accepted",
  );
}

const heldBy = (name: string) => nodes.stateOf(name).head?.id;
const isTorn = (name: string) => nodes.stateOf(name).equivocation !== null;

/** On a machine of their own, which has seen the fleet. */
async function createPublisher(author: string, reaches = new Set(names)) {
  const home = await mkdtemp(join(tmpdir(), "chimera-two-"));
  homes.push(home);
  const folder = join(home, ".config/chimera");
  await mkdir(folder, { recursive: true });
  const context = `controller = "http://127.0.0.1:9"\nfleetId = "${fleetId}"\n`;
  await writeFile(join(folder, "config.toml"), `current = "x"\n[contexts.x]\n${context}`);
  const { io, said } = testIo(home);
  const copies = join(home, ".local/state/chimera", fleetId);
  await mkdir(copies, { recursive: true });
  await writeFile(join(copies, "keys.1.json"), JSON.stringify(fleet.keySet));
  await rememberHead(io, fleetId, base.envelope);
  await keepWorld(io, fleetId, { id: worldId(base.leaves), leaves: base.leaves });
  const ssh = nodes.createSsh(reaches);
  const look = async () =>
    createSshObserver(io, ssh, {
      context: await currentContext(io, undefined),
      project: { folder: home, nodes: {} },
      nodes: [],
      worldFile: undefined,
      base: "effective",
    });

  /** As `signHead` does, with the fixture's keys. */
  async function sign(observer: SshObserver, leaves: Leaf[]) {
    const { known } = observer;
    const serial = (known.head?.head.serial ?? 0) + 1;
    const previous = known.stored ?? known.head?.id ?? null;
    const { envelope, id } = fleet.head(serial, leaves, { author, previous, revertTo: worldId(base.leaves) });
    const head = Head.parse(JSON.parse(Buffer.from(envelope.payload, "base64").toString("utf8")));
    await keepWorld(io, fleetId, { id: head.world, leaves });
    await writeUnstored(io, fleetId, id);
    await rememberHead(io, fleetId, envelope);
    return { head, id, envelope, fresh: null };
  }

  /** What they change: one node's system. */
  async function prepare(observer: SshObserver, node: string) {
    const system = { node: NodeName.parse(node), toplevel: toplevel(`${node}-${author}`) };
    const closures = new Map(
      [...observer.leaves.map((leaf) => leaf.toplevel), system.toplevel].map((path) => [
        path,
        closureOf(path),
      ]),
    );
    const plan = planWorld({
      fleetId,
      systems: [system],
      closures,
      nodeKeys: new Map([[system.node, fleet.node(node).nodeKey]]),
      substituters: [],
      leaves: observer.leaves,
    });
    const signed = await sign(observer, plan.leaves);
    const goals = plan.leaves.filter((leaf) => leaf.node === node);
    const options = { json: false, follow: false, timeout: 1 };
    const deliver = () =>
      deliverHead(io, { ssh, observer, plan, closures, signed, goals, missed: [], options });
    return { signed, deliver };
  }

  return { io, said, ssh, look, prepare };
}

test("both at the very same time: one goes on, the other stops at the first node and is told what to do", async () => {
  const [anna, ben] = [await createPublisher("anna"), await createPublisher("ben")];
  const [ofAnna, ofBen] = [await anna.look(), await ben.look()];
  const [annas, bens] = [await anna.prepare(ofAnna, "b"), await ben.prepare(ofBen, "c")];
  const [won, lost] = await Promise.allSettled([annas.deliver(), bens.deliver()]);
  expect(won.status).toBe("fulfilled");
  expect(lost).toMatchObject({
    status: "rejected",
    reason: {
      code: "order-equivocation",
      message: expect.stringMatching(
        /^somebody published at the same time: a refuses the head: order-equivocation.*No other node was brought head 9\. Run this again.*a heard both/u,
      ),
    },
  });
  expect(names.map(heldBy)).toEqual(names.map(() => annas.signed.id));
  expect(names.filter(isTorn)).toEqual(["a"]);
  expect(ben.ssh.brought).toEqual(["a"]);

  // What the loser publishes next is made on top of what the fleet has, and leads the torn node out.
  const again = await ben.look();
  expect(again.known.head?.id).toBe(annas.signed.id);
  const { signed, deliver } = await ben.prepare(again, "c");
  expect(signed.head).toMatchObject({ serial: 10, previous: annas.signed.head.previous });
  await deliver();
  expect(names.map(heldBy)).toEqual(names.map(() => signed.id));
  expect(names.filter(isTorn)).toEqual([]);
  const leaves = new Map(again.leaves.map((leaf) => [leaf.node, leaf.toplevel]));
  expect(leaves.get(NodeName.parse("b"))).toBe(toplevel("b-anna"));
});

test("what was published while the closures were copied is seen before anything is signed", async () => {
  const [anna, ben] = [await createPublisher("anna"), await createPublisher("ben")];
  const [ofAnna, ofBen] = [await anna.look(), await ben.look()];
  expect((await lookAgain(ben.io, ben.ssh, ofBen)).surveyed).toHaveLength(3);
  await (await anna.prepare(ofAnna, "b")).deliver();
  await expect(lookAgain(ben.io, ben.ssh, ofBen)).rejects.toMatchObject({
    code: "order-stale",
    message: expect.stringMatching(
      /^nothing was signed: a has head 0\.9 by anna by now\. Run this again: what you publish then stands above that/u,
    ),
  });
});

test("what comes between signing and bringing tears no node: the first one is asked, and brought nothing", async () => {
  const [anna, ben] = [await createPublisher("anna"), await createPublisher("ben")];
  const [ofAnna, ofBen] = [await anna.look(), await ben.look()];
  const [annas, bens] = [await anna.prepare(ofAnna, "b"), await ben.prepare(ofBen, "c")];
  await annas.deliver();
  await expect(bens.deliver()).rejects.toMatchObject({
    code: "order-stale",
    message: expect.stringMatching(/a has head 0\.9 by anna by now\. No other node was brought head 9/u),
  });
  expect(ben.ssh.brought).toEqual([]);
  expect(names.filter(isTorn)).toEqual([]);
  // Nor does this machine build on what no node has.
  expect(await readSeen(ben.io, fleetId)).toMatchObject([{ id: annas.signed.id }]);
  expect(await readUnstored(ben.io, fleetId)).toBe(annas.signed.id);
});

test("a panic that comes meanwhile stops it, and the head that it undoes is what is known again", async () => {
  const ben = await createPublisher("ben");
  const bens = await ben.prepare(await ben.look(), "c");
  const { envelope } = fleet.panic(base, { world: worldId(before.leaves) });
  for (const name of names) nodes.take(name, { kind: "panic", envelope, undone: null });
  await expect(bens.deliver()).rejects.toMatchObject({
    code: "order-stale",
    message: expect.stringMatching(/a has the panic of head 0\.8 by now/u),
  });
  expect(ben.ssh.brought).toEqual([]);
  const again = await ben.look();
  expect(again.known).toMatchObject({ head: { id: base.id }, effective: { kind: "panic" } });
  expect(await readUnstored(ben.io, fleetId)).toBeNull();
});

test("a node that is away by then decides nothing: the next one is the first", async () => {
  const reaches = new Set(names);
  const ben = await createPublisher("ben", reaches);
  const bens = await ben.prepare(await ben.look(), "c");
  reaches.delete("a");
  await bens.deliver();
  expect(ben.ssh.brought).toEqual(["b", "c"]);
  expect(names.map(heldBy)).toEqual([base.id, bens.signed.id, bens.signed.id]);
  expect(ben.said.err).toMatch(/^a: .*\nb: delivered\nc: delivered\n$/u);
});

test("two that reach different nodes are told of each other, whichever nodes were selected", async () => {
  const [anna, ben] = [await createPublisher("anna", new Set(["c"])), await createPublisher("ben")];
  const [ofAnna, ofBen] = [await anna.look(), await ben.look()];
  const [annas, bens] = [await anna.prepare(ofAnna, "c"), await ben.prepare(ofBen, "b")];
  await annas.deliver();
  await expect(bens.deliver()).rejects.toMatchObject({
    code: "rollout-failed",
    message: expect.stringMatching(
      /^1 of 3 nodes refused the head: c refuses the head: order-equivocation.*; somebody published at the same time: deploy again, which stands above both$/u,
    ),
  });
  expect(ben.ssh.brought.toSorted()).toEqual(names);
  // Which of the two it is made on is said: what most nodes have.
  const again = await ben.look();
  expect(again.known).toMatchObject({ head: { id: bens.signed.id }, rivals: [{ id: annas.signed.id }] });
});
