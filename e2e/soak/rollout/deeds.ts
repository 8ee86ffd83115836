// SHELL. Does to a rollout what the fault table says, from outside.
import { setTimeout as sleep } from "node:timers/promises";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { keys } from "@chimera/proto/subjects";
import type { Host } from "../../lab/host/host.ts";
import { doDeed } from "../activation/faults/do-deed.ts";
import type { DeedName } from "./rollout-faults.ts";
import { lastNode, lastWave, leads, type SoakFleet } from "./soak-fleet.ts";

export interface Scene {
  soak: SoakFleet;
  /** Now; of the rollout that is tried. */
  record: RolloutRecord;
  /** The first one that was seen of it. */
  first: RolloutRecord;
  /** chimera.toml of the world that ran before, and of a third one. */
  before: string;
  other: string;
}

type Deed = (scene: Scene) => Promise<unknown>;

/** Resolves when it is done, with its own undoing; what stays off is booted by whoever waits for the fleet. */
export function disturb(name: DeedName, scene: Scene): Promise<unknown> {
  return deeds[name](scene);
}

const deeds: Record<DeedName, Deed> = {
  nothing: () => Promise.resolve(),
  "kill the lead": (scene) => killLead(leadOf(scene)),
  "kill every lead": ({ soak }) => Promise.all(leads.map((name) => killLead(hostOf(soak, name)))),
  "cut the lead off for 30 s": (scene) => cutOff(leadOf(scene), 30_000),
  "cut the lead's power": (scene) => leadOf(scene).powerCut(),
  "cut the power of every lead, for a boot": ({ soak }) =>
    Promise.all(leads.map((name) => powerCycle(hostOf(soak, name)))),
  "kill the controller": killOnHub("chimera-controller.service"),
  "kill NATS": killOnHub("nats-server.service"),
  "cut the hub's power, for a boot": ({ soak }) => powerCycle(soak.fleet.lab.host("hub")),
  panic: panic,
  "panic twice at once": async (scene) => {
    await Promise.all([panic(scene), panic(scene)]);
    await panic(scene);
  },
  "deploy while a panic is released": (scene) => Promise.all([panic(scene), deploy(scene, scene.other)]),
  "two publish at once": (scene) => Promise.all([deploy(scene, scene.other), deploy(scene, scene.before)]),
  "two ask at once": (scene) => Promise.all([ask(scene, "pause"), ask(scene, "resume")]),
  "put the first record again": ({ soak, first }) => put(soak, first),
  "let everybody go": ({ soak, record }) =>
    put(soak, { ...record, phase: "waves", released: { wave: 2, first: 2 } }),
  "put another head's record": ({ soak, record }) => put(soak, { ...record, head: "c".repeat(64) }),
  "put garbage": ({ soak }) => put(soak, Buffer.from("\0{garbage")),
  "say committed": ({ soak, record }) => put(soak, { ...record, phase: "committed" }),
  "say returned": ({ soak, record }) => put(soak, { ...record, phase: "returned" }),
  "take the record away": ({ soak }) => soak.store.erase(keys.desired("rollout", soak.fleet.facts.fleetId)),
  "cut off half of a wave for 20 s": ({ soak }) => cutOff(hostOf(soak, lastNode), 20_000),
  "cut off the last wave for 150 s": ({ soak }) =>
    Promise.all(lastWave.map((name) => cutOff(hostOf(soak, name), 150_000))),
};

export function hostOf({ nodes }: SoakFleet, name: string): Host {
  const host = nodes.find((one) => one.name === name);
  if (host === undefined) throw new RangeError(`the fleet has no ${name}`);
  return host;
}

function leadOf({ soak, record }: Scene): Host {
  return hostOf(soak, record.lead ?? "");
}

/** Also where it has ended: what is not there is not killed. */
async function killLead(host: Host): Promise<void> {
  await host.run(["systemctl", "kill", "--signal=KILL", "chimera-rollout-*.service"]);
}

async function cutOff(host: Host, ms: number): Promise<void> {
  const undo = await doDeed("cut off from the hub", { host, from: "" });
  await sleep(ms);
  await undo();
}

async function powerCycle(host: Host): Promise<void> {
  await host.powerCut();
  await host.boot();
}

function killOnHub(unit: string): Deed {
  return ({ soak }) => soak.fleet.lab.host("hub").run(["systemctl", "kill", "--signal=KILL", unit]);
}

/** Whatever they answer: where the fleet ends is what counts. */
function panic({ soak }: Scene) {
  return soak.operator.run(["panic", "--yes", "--timeout", "60", "--out", "/root/soak-panic.json"]);
}

function deploy({ soak }: Scene, project: string) {
  return soak.operator.run(["deploy", "--file", project, "--no-follow"], { timeoutMs: 300_000 });
}

function ask({ soak }: Scene, what: "pause" | "resume") {
  return soak.operator.run(["rollout", what]);
}

function put({ store, fleet }: SoakFleet, record: unknown): Promise<void> {
  return store.put(keys.desired("rollout", fleet.facts.fleetId), record);
}
