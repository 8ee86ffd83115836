// SHELL. Worlds and closure lists that must not count; a node never reads a world, so the controller stands here, and the leaf.
import { ClosureList } from "@chimera/proto/signed/closure";
import { seal } from "@chimera/proto/signed/envelope";
import { atNode, byHttp, type Attempt } from "./attempt.ts";
import { leavesWithStrangers, wildWorld } from "./leaf-attacks.ts";
import { nextHead } from "./make-documents.ts";
import { desiredKey, ownLeaf, type Scene } from "./scene.ts";

type Leaves = (scene: Scene) => Promise<object[]>;

const unsorted: Leaves = async (scene) => (await leavesWithStrangers(scene)).toReversed();
const duplicate: Leaves = async (scene) => {
  const [own, ...others] = await leavesWithStrangers(scene);
  return own === undefined ? others : [own, own, ...others];
};
const outside: Leaves = (scene) => leavesWithStrangers(scene, { toplevel: "/etc/systemd/system" });

/** Sent to the controller; then only named by a head in NATS, so that the node asks for a leaf that nobody has. */
function wrongWorld(attack: string, leaves: Leaves): Attempt[] {
  return [
    byHttp({
      attack,
      method: "PUT",
      shown: "/v1/worlds/{id}",
      path: async (scene) => `/v1/worlds/${wildWorld(await leaves(scene)).world}`,
      body: async (scene) => ({ v: 1, leaves: await leaves(scene) }),
      code: "input-invalid",
    }),
    atNode({
      attack,
      how: "NATS `head` that names such a world, which no controller takes in",
      document: "head",
      code: "world-unknown",
      act: async (scene) => {
        const { world, size } = wildWorld(await leaves(scene));
        const head = await nextHead(scene, { world, size });
        const key = desiredKey(scene, "head");
        await scene.store.put(key, seal("head", head, scene.signers.publish));
      },
      undo: async () => undefined,
    }),
  ];
}

export const worldAttacks: readonly Attempt[] = [
  ...wrongWorld("world with unsorted names", unsorted),
  ...wrongWorld("world with duplicate names", duplicate),
  ...wrongWorld("world with a toplevel outside /nix/store", outside),
  byHttp({
    attack: "world under another world's id",
    method: "PUT",
    shown: "/v1/worlds/{id}",
    path: async () => `/v1/worlds/${"0".repeat(64)}`,
    body: async (scene) => ({ v: 1, leaves: await leavesWithStrangers(scene) }),
    code: "hash-mismatch",
  }),
  byHttp({
    attack: "closure list with one hash changed",
    method: "PUT",
    shown: "/cache/closure/{digest}",
    path: async (scene) => `/cache/closure/${(await ownLeaf(scene)).closure}`,
    body: async (scene) => {
      const { closure } = await ownLeaf(scene);
      return changeOneHash((await scene.call("GET", `/cache/closure/${closure}`)).json);
    },
    code: "hash-mismatch",
  }),
];

export function changeOneHash(body: unknown): ClosureList {
  const list = ClosureList.parse(body);
  const [first, ...others] = list.entries;
  if (first === undefined) return list;
  return { ...list, entries: [{ ...first, narHash: `sha256-${"A".repeat(43)}=` }, ...others] };
}
