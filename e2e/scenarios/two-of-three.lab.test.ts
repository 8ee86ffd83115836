// Any two of alice, bob and carol publish and are root: heads and keys change hands while the fleet is up.
import { afterAll, beforeAll, expect, test } from "vitest";
import { FleetView, ProposalList } from "@chimera/proto/api";
import { seal } from "@chimera/proto/signed/envelope";
import { parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { keys } from "@chimera/proto/subjects";
import { callerOf, type Scene } from "../attacks/scene.ts";
import { pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { operatorKey } from "../fleet/operator-keys.ts";
import { openRawStore } from "../fleet/raw-store.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { startTranscript } from "../fleet/transcript.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";

let fleet: Fleet;
let ws: Host;
let call: Scene["call"];
const transcript = startTranscript();
const aliceKeys = "/root/.config/chimera/keys/lab";
const agentSocket = "/home/bob/agent.sock";

beforeAll(async () => {
  fleet = await startFleet({ nodes: 2, people: ["bob", "carol"] });
  ws = fleet.lab.host("ws");
  call = await callerOf(fleet);
});
afterAll(async () => {
  await transcript.save("two-of-three.txt");
  await downUnlessInUse();
});

/** As somebody types it on ws. Alice made the fleet. */
async function type(person: "alice" | "bob" | "carol", args: readonly string[]): Promise<string> {
  const operator = operatorOf(fleet.lab, person === "alice" ? undefined : person);
  const env = { SSH_AUTH_SOCK: agentSocket };
  const result = await operator.run(args, { timeoutMs: 300_000, env });
  transcript.add(person, `chimera ${args.map(quoted).join(" ")}`, result);
  expect(result.code, result.stdout + result.stderr).toBe(0);
  return result.stdout;
}

function quoted(word: string): string {
  return /[ '"]/.test(word) ? `'${word}'` : word;
}

async function proposals() {
  return ProposalList.parse((await call("GET", "/v1/proposals")).json).proposals;
}

async function proposalId(): Promise<string> {
  const [newest] = await proposals();
  if (newest === undefined) throw new Error("nothing is proposed");
  return newest.id.slice(0, 12);
}

async function newestHead() {
  const { head } = FleetView.parse((await call("GET", "/v1/fleet")).json);
  if (head === null) throw new Error("the fleet has no head");
  return head;
}

async function proposeWorld(label: string): Promise<string> {
  const specs = fleet.lab.nodes.map(
    ({ name }) => [name, fleet.node(name, { label, version: fleet.versions.first })] as const,
  );
  const folder = await fleet.stageWorld(label, Object.fromEntries(specs));
  await type("alice", [
    "deploy",
    "--file",
    `${folder}/chimera.toml`,
    "--no-follow",
    "--reason",
    `world ${label}`,
  ]);
  return proposalId();
}

async function committed(label: string): Promise<void> {
  for (const { name } of fleet.lab.nodes) {
    await waitView(
      fleet,
      name,
      ({ status }) => status?.state === "committed" && status.system.current?.endsWith(`-${label}`) === true,
    );
  }
}

async function goBy(version: number): Promise<void> {
  for (const { name } of fleet.lab.nodes) {
    await waitView(fleet, name, ({ status }) => status?.keys?.version === version);
  }
}

test("a head that one person signed waits; the second signature publishes it", async () => {
  transcript.note("Heads need two of three people: alice proposes, bob looks and signs.");
  await type("alice", ["keys", "list"]);
  const id = await proposeWorld("a");
  expect(FleetView.parse((await call("GET", "/v1/fleet")).json).head).toBeNull();
  await type("bob", ["sign"]);
  await type("bob", ["sign", id, "--yes"]);
  await committed("a");
  expect((await newestHead()).signedBy).toEqual(["lab-publish", "bob-publish"]);
  await type("carol", ["status"]);
});

test("root gets another key while the fleet is up", async () => {
  transcript.note("Alice exchanges her root key: two of the old and two of the new root keys sign.");
  const made = await type("alice", ["keys", "generate", "lab-root-2", "--dir", aliceKeys]);
  const oldAndNew = ["--root-key", `${aliceKeys}/root.key`, "--root-key", `${aliceKeys}/lab-root-2.key`];
  const rotate = ["keys", "rotate", "--role", "root", "--from", "lab-root", "--to", made.trim()];
  await type("alice", [...rotate, ...oldAndNew]);
  await type("carol", ["sign"]);
  await type("carol", ["sign", await proposalId(), "--yes"]);
  await goBy(2);
  await type("alice", ["status"]);
  await type("alice", ["keys", "list"]);
  expect(await proposals()).toEqual([]);
});

let oldBob: Signer;

test("bob's publish key becomes one that only his ssh-agent holds", async () => {
  transcript.note("Bob's publish key becomes one that his ssh-agent holds (or the hardware key behind it).");
  oldBob = parseSecretKey(await ws.runChecked(["cat", "/home/bob/.config/chimera/keys/bob-publish.key"]));
  await shell("ssh-keygen -q -t ed25519 -N '' -C bob -f /home/bob/id_ed25519");
  await shell(`ssh-agent -a ${agentSocket} >/dev/null`);
  await shell("ssh-add -q /home/bob/id_ed25519");
  const key = (
    await type("bob", ["keys", "from-ssh", "/home/bob/id_ed25519.pub", "--name", "bob-ssh"])
  ).trim();
  await shell(`sed -i 's|^publishKeyFile.*|agentKeys = ["${key}"]|' /home/bob/.config/chimera/config.toml`);
  const rotate = ["keys", "rotate", "--role", "publish", "--from", "bob-publish", "--to", key];
  await type("alice", [...rotate, "--root-key", `${aliceKeys}/lab-root-2.key`]);
  await type("bob", ["sign", await proposalId(), "--yes"]);
  await goBy(3);
  expect(FleetView.parse((await call("GET", "/v1/fleet")).json).keys).toBe(3);
});

test("a head by the new keys is taken, and one by the old key is not", async () => {
  transcript.note("The next head is signed by alice's file and bob's ssh-agent.");
  const id = await proposeWorld("b");
  await type("bob", ["sign", id, "--yes"]);
  await committed("b");
  const before = await newestHead();
  expect(before.signedBy).toEqual(["lab-publish", "bob-ssh"]);
  const next = { ...before.head, serial: before.head.serial + 1, previous: before.id };
  const envelope = seal("head", next, [await operatorKey("publish"), oldBob]);
  const answer = await call("PUT", "/v1/head", { envelope, expectedRevision: before.revision });
  expect(answer).toMatchObject({ status: 403, code: "signature-invalid" });
  const store = await openRawStore(fleet.lab, fleet.facts.fleetId);
  await store.put(keys.desired("head", fleet.facts.fleetId), envelope);
  await waitView(fleet, "n1", ({ status }) => status?.problem?.code === "signature-invalid");
  await store.close();
  expect((await pointersOf(fleet.lab.host("n1"))).current).toMatch(/-b$/);
});

/** What a person does beside chimera. */
async function shell(line: string): Promise<void> {
  const result = await ws.run(["sh", "-c", line], { env: { SSH_AUTH_SOCK: agentSocket } });
  transcript.add("bob", line, result);
  expect(result.code, result.stderr).toBe(0);
}
