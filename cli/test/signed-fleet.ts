/** For tests: a fleet whose documents are really signed, made in memory, good ones and bad ones. */
import { sha256 } from "@chimera/proto/signed/canonical";
import { closureDigest, closureSize } from "@chimera/proto/signed/closure";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { openFirstKeySet } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { Leaf, proveLeaf, worldId } from "@chimera/proto/signed/world";
import { StorePath, type Digest } from "@chimera/proto/names";
import { closureOf } from "./store-object.ts";
import { createTestNode, type TestNode } from "./fixture/test-node.ts";

const at = "2026-11-23T12:00:00.000Z";
const expires = "2099-01-01T00:00:00.000Z";
const digits = "0123456789abcdfghijklmnpqrsvwxyz";

export interface SignedHead {
  id: Digest;
  envelope: Envelope;
  leaves: Leaf[];
  serial: number;
}

/** One word, one store path: letters that base 32 lacks are replaced. */
export function toplevel(word: string): StorePath {
  const hash = Array.from(word.padEnd(32, "0"), (letter) => (digits.includes(letter) ? letter : "x")).join(
    "",
  );
  return StorePath.parse(`/nix/store/${hash.slice(0, 32)}-nixos-system-${word}`);
}

/** What is other than in a good document; `by`: whoever signs instead of whom it is due to. */
export type Changes = Record<string, unknown> & { by?: Signer };

export function createSignedFleet(names: readonly string[]) {
  const core = createCore(names);
  const { fleetId, sealed, signer, leaf, node } = core;
  return {
    ...core,
    world: () => names.map((name) => leaf(name)),
    head(serial: number, leaves: Leaf[], { by = signer("publish"), ...changes }: Changes = {}): SignedHead {
      const world = { world: worldId(leaves), size: leaves.length };
      return { ...sealed("head", { ...quietHead, ...world, serial, ...changes }, by), leaves, serial };
    },
    panic({ serial, leaves, id }: SignedHead, { by = signer("panic"), ...changes }: Changes = {}) {
      const undone = { epoch: 0, serial, undoes: id, world: worldId(leaves), reason: "" };
      return sealed("panic", { ...undone, ...changes }, by);
    },
    /** What the node would sign for a head. */
    receipt(
      name: string,
      { id, serial }: SignedHead,
      { by = node(name).signer, ...changes }: Changes = {},
    ): Envelope {
      const document = { kind: "head", id, epoch: 0, serial };
      const runs = { target: toplevel(name), current: toplevel(name) };
      return seal("receipt", { ...quietReceipt, ...runs, fleetId, node: name, document, ...changes }, [by]);
    },
    proof(head: SignedHead, name: string) {
      const proof = proveLeaf(head.leaves, name);
      if (proof === undefined) throw new Error(`no leaf of ${name}`);
      return proof;
    },
  };
}
export type SignedFleet = ReturnType<typeof createSignedFleet>;

function createCore(names: readonly string[]) {
  const signers = new Map(
    ["root", "publish", "panic", "order"].map((role) => [role, parseSecretKey(generateKey(role).secret)]),
  );
  const signer = (role: string): Signer => signers.get(role) ?? parseSecretKey(generateKey(role).secret);
  const role = (name: string) => ({ keys: [signer(name).publicKey], threshold: 1 });
  const roles = { root: role("root"), publish: role("publish"), panic: role("panic"), order: role("order") };
  const keySet = seal("keys", { v: 1, kind: "keys", epoch: 0, version: 1, expires, roles }, [signer("root")]);
  const opened = openFirstKeySet(keySet);
  const { fleetId } = opened;
  const nodes = new Map(names.map((name): [string, TestNode] => [name, createTestNode(name)]));
  const node = (name: string): TestNode => nodes.get(name) ?? createTestNode(name);
  return {
    fleetId,
    keySet,
    chain: [opened],
    roles,
    signer,
    node,
    sealed: (kind: "head" | "panic" | "order", message: object, by: Signer) => {
      const envelope = seal(kind, { v: 1, kind, fleetId, ...message }, [by]);
      return { envelope, id: sha256(Buffer.from(envelope.payload, "base64")) };
    },
    leaf: (name: string, path = toplevel(name)): Leaf => {
      const entries = closureOf(path);
      const closure = { closure: closureDigest(entries), closureSize: closureSize(entries) };
      const { nodeKey } = node(name);
      return Leaf.parse({ v: 1, fleetId, node: name, nodeKey, toplevel: path, ...closure, substituters: [] });
    },
  };
}

const quietHead = {
  epoch: 0,
  previous: null,
  mode: "deploy",
  policy: {},
  revertTo: null,
  consentUntil: null,
  createdAt: at,
  notAfter: expires,
  author: "anna",
  reason: "",
};

const quietReceipt = {
  v: 1,
  kind: "receipt",
  state: "committed",
  times: { ack: at, active: at, pointer: at, boot: null },
  at,
};
