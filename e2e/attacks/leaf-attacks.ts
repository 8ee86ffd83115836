// SHELL. Leaves that must not count: the head is right, and whoever stands between node and controller answers wrongly.
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { ErrorCode } from "@chimera/proto/errors";
import { canonicalBytes } from "@chimera/proto/signed/canonical";
import { seal } from "@chimera/proto/signed/envelope";
import { generateKey } from "@chimera/proto/signed/keys";
import { hashLeaf, inclusionProof, merkleRoot } from "@chimera/proto/signed/merkle";
import type { Tampering } from "../fleet/tampering-proxy.ts";
import { atNode, type Attempt } from "./attempt.ts";
import { nextHead } from "./make-documents.ts";
import { desiredKey, ownLeaf, type Scene } from "./scene.ts";

const leafPath = /\/leaves\//;

/** A leaf as bytes, with its way up. */
interface WildProof {
  leaf: string;
  index: number;
  size: number;
  path: string[];
}

/** Leaves as an attacker writes them, in the tree that the signed head names. */
export interface WildWorld {
  world: string;
  size: number;
  prove(index: number): WildProof;
  hashes: readonly Buffer[];
}

export function wildWorld(leaves: readonly unknown[]): WildWorld {
  const bytes = leaves.map((leaf) => canonicalBytes(leaf));
  const hashes = bytes.map((one) => hashLeaf(one));
  return {
    world: merkleRoot(hashes).toString("hex"),
    size: leaves.length,
    hashes,
    prove: (index) => ({
      leaf: (bytes[index] ?? Buffer.alloc(0)).toString("base64"),
      index,
      size: leaves.length,
      path: inclusionProof(hashes, index).map((hash) => hash.toString("hex")),
    }),
  };
}

const strangers = ["n7", "n8"].map((node) => ({ node, nodeKey: generateKey(node).public }));

/** The node's own leaf first, then those of machines that nobody has. */
export async function leavesWithStrangers(scene: Scene, changes: object = {}): Promise<object[]> {
  const own = await ownLeaf(scene);
  const others = strangers.map(({ node, nodeKey }) => ({ ...own, node, nodeKey }));
  return [{ ...own, ...changes }, ...others];
}

interface WrongLeaf {
  attack: string;
  code: ErrorCode;
  said?: "event" | "status";
  how?: string;
  leaves?: (scene: Scene) => Promise<object[]>;
  answer: (world: WildWorld, response: ServerResponse) => Promise<void> | void;
}

/** A head that the publish role signed, for a world whose leaf comes by way of the proxy. */
function wrongLeaf({ attack, code, said = "event", how, leaves, answer }: WrongLeaf): Attempt {
  return atNode({
    attack,
    how: how ?? "proxy alters `GET …/leaves/n1`",
    document: "head",
    code,
    said,
    act: async (scene) => {
      const world = wildWorld(await (leaves ?? leavesWithStrangers)(scene));
      await offerWorld(scene, world, (response) => answer(world, response));
    },
    undo: async ({ proxy }) => proxy.setTampering(null),
  });
}

export async function offerWorld(
  scene: Scene,
  world: WildWorld,
  answer: (response: ServerResponse) => Promise<void> | void,
): Promise<void> {
  const tampering: Tampering = { path: leafPath, answer: async (_, response) => answer(response) };
  scene.proxy.setTampering(tampering);
  const head = await nextHead(scene, { world: world.world, size: world.size });
  const key = desiredKey(scene, "head");
  await scene.store.put(key, seal("head", head, scene.signers.publish));
}

export function answerProof(response: ServerResponse, proof: unknown): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(proof));
}

const hundredMegabytes = 100 * 1024 * 1024;

export const leafAttacks: readonly Attempt[] = [
  wrongLeaf({
    attack: "leaf of another node",
    code: "leaf-unproven",
    answer: (world, response) => answerProof(response, world.prove(1)),
  }),
  wrongLeaf({
    attack: "leaf with another node's key",
    code: "leaf-unproven",
    leaves: (scene) => leavesWithStrangers(scene, { nodeKey: generateKey("n1").public }),
    answer: (world, response) => answerProof(response, world.prove(0)),
  }),
  wrongLeaf({
    attack: "proof of another size",
    code: "leaf-unproven",
    answer: (world, response) => answerProof(response, { ...world.prove(0), size: world.size + 1 }),
  }),
  wrongLeaf({
    attack: "proof of another size: of a smaller tree with the same leaf",
    code: "leaf-unproven",
    answer: (world, response) => {
      const [first, second] = world.hashes;
      const path = first === undefined || second === undefined ? [] : [second.toString("hex")];
      answerProof(response, { ...world.prove(0), size: 2, path });
    },
  }),
  wrongLeaf({
    attack: "second-preimage node: an inner node given out as a leaf",
    code: "leaf-unproven",
    answer: (world, response) => {
      const { path } = world.prove(0);
      const inner = Buffer.concat(world.hashes.slice(0, 2));
      answerProof(response, {
        leaf: inner.toString("base64"),
        index: 0,
        size: world.size,
        path: path.slice(1),
      });
    },
  }),
  wrongLeaf({
    attack: "toplevel outside /nix/store",
    code: "leaf-unproven",
    leaves: (scene) => leavesWithStrangers(scene, { toplevel: "/etc/systemd/system" }),
    answer: (world, response) => answerProof(response, world.prove(0)),
  }),
  wrongLeaf({
    attack: "deep JSON in place of a leaf",
    code: "leaf-unproven",
    answer: (_, response) => {
      response.end("[".repeat(100_000) + "]".repeat(100_000));
    },
  }),
  wrongLeaf({
    attack: "100 MB document in place of a leaf",
    code: "body-too-large",
    how: "proxy answers `GET …/leaves/n1` with 100 MB",
    answer: (_, response) => {
      response.setHeader("content-length", hundredMegabytes);
      return writeMegabytes(response, 100);
    },
  }),
  wrongLeaf({
    attack: "endless document in place of a leaf",
    code: "body-too-large",
    how: "proxy answers `GET …/leaves/n1` without an end",
    answer: (_, response) => writeMegabytes(response, Number.POSITIVE_INFINITY),
  }),
  wrongLeaf({
    attack: "a leaf that comes a byte a second",
    code: "closure-unavailable",
    said: "status",
    how: "proxy answers `GET …/leaves/n1` slowly",
    answer: (world, response) => writeSlowly(response, JSON.stringify(world.prove(0))),
  }),
];

async function writeMegabytes(response: ServerResponse, count: number): Promise<void> {
  const chunk = Buffer.alloc(1024 * 1024, "x");
  for (let sent = 0; sent < count && !response.destroyed; sent += 1) {
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

async function writeSlowly(response: ServerResponse, text: string): Promise<void> {
  for (const letter of text) {
    if (response.destroyed) return;
    response.write(letter);
    await delay(1000);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}
