import { canonicalBytes } from "@chimera/proto/signed/canonical";
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { hashLeaf } from "@chimera/proto/signed/merkle";
import { WorldId } from "@chimera/proto/names";
import { proveLeaf, type LeafProof } from "@chimera/proto/signed/world";
import { beforeEach, expect, test } from "vitest";
import { createAcceptance, type Acceptance } from "./acceptance.ts";
import type { AcceptedHead } from "./accepted.ts";
import type { StoredHead } from "./desired.ts";
import { createHead, createLeaf, createSigner, fleetId, node, sealHead } from "./fleet-fixture.ts";

const publisher = createSigner("ops-publish");
const oldKey = createSigner("n1");
const newKey = createSigner("n1");

let stored: StoredHead;
let proof: LeafProof | undefined;
let saved: AcceptedHead[];
let events: NodeEventBody[];

beforeEach(() => {
  [stored, proof, saved, events] = [{ kind: "none" }, undefined, [], []];
});

function start(nodeKey: string, accepted: AcceptedHead | null = null, read = async () => stored): Acceptance {
  const signer = nodeKey === "new" ? newKey : oldKey;
  return createAcceptance({
    identity: { node, fleetId, nodeKey: signer.publicKey },
    publish: { keys: [publisher.publicKey], threshold: 1 },
    accepted,
    floor: null,
    save: (next) => saved.push(next),
    readHead: read,
    fetchLeaf: () => (proof === undefined ? Promise.reject(new Error("no proof")) : Promise.resolve(proof)),
    report: (event) => events.push(event),
    onJudged: () => undefined,
    log: createLog({ fields: {}, write: () => undefined }),
  });
}

function publish(serial: number, signer: typeof oldKey, letter: string): void {
  const leaves = [createLeaf(signer, letter)];
  stored = { kind: "head", envelope: sealHead(createHead(serial, leaves), publisher) };
  proof = proveLeaf(leaves, node);
}

test("with another node key the kept head proves nothing: the node starts, says so, and takes a new one", async () => {
  publish(1, oldKey, "a");
  await start("old").refresh();
  expect(saved).toHaveLength(1);
  const renewed = start("new", saved[0]);
  await renewed.refresh();
  expect(renewed.leaf()).toBeNull();
  expect(renewed.problem()).toMatchObject({ code: "leaf-unproven" });
  expect(events.at(-1)).toMatchObject({ type: "head-refused", data: { code: "leaf-unproven" } });
  publish(2, newKey, "b");
  await renewed.refresh();
  expect(renewed.leaf()?.toplevel).toMatch(/-nixos-system-b$/);
  expect(renewed.problem()).toBeNull();
});

test("a proven leaf in a newer format is refused and told, not passed over in silence", async () => {
  const leaf = canonicalBytes({ ...createLeaf(oldKey, "a"), v: 2 });
  const world = WorldId.parse(hashLeaf(leaf).toString("hex"));
  const head = createHead(1, [createLeaf(oldKey, "a")], { world });
  stored = { kind: "head", envelope: sealHead(head, publisher) };
  proof = { leaf: leaf.toString("base64"), index: 0, size: 1, path: [] };
  const acceptance = start("old");
  await acceptance.refresh();
  expect(acceptance.problem()).toMatchObject({ code: "leaf-unproven" });
  expect(saved).toEqual([]);
});

test("a wake-up during a look that fails has a look of its own", async () => {
  publish(1, oldKey, "a");
  let looks = 0;
  const acceptance = start("old", null, async () => {
    looks += 1;
    if (looks > 1) return stored;
    void acceptance.refresh();
    throw new Error("no answer");
  });
  await acceptance.refresh();
  expect(saved).toHaveLength(1);
});
