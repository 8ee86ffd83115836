// SHELL. Closures that are not what was signed, or are nowhere: the head is right, and the node begins nothing.
import { expect } from "vitest";
import { World, worldId } from "@chimera/proto/signed/world";
import { Digest, StorePath } from "@chimera/proto/names";
import { deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { alterJson } from "../fleet/tampering-proxy.ts";
import { byHttp, waitProblem, type Attempt } from "./attempt.ts";
import { signedHead } from "./make-documents.ts";
import { desiredKey, fleetOf, newestHead, viewOf, type Scene } from "./scene.ts";
import { changeOneHash } from "./world-attacks.ts";

export const closureAttacks: readonly Attempt[] = [
  {
    attack: "closure list with one hash changed",
    how: "proxy alters `GET /cache/closure/…`",
    run: async (scene) => {
      const { reported } = await pointersKept(scene, async () => {
        scene.proxy.setTampering(alterJson(/\/cache\/closure\//, changeOneHash));
        const { code, stderr } = await deployWorld(scene.fleet, "tampered", { args: ["--no-follow"] });
        expect(code, stderr).toBe(0);
      });
      await waitView(scene.fleet, "n1", ({ status }) => status?.state === "committed");
      return { outcome: "the node begins nothing, and commits once the signed list is given out", reported };
    },
  },
  byHttp({
    attack: "head of a world whose closure is nowhere",
    method: "PUT",
    shown: "/v1/head",
    body: async (scene) => ({
      envelope: await headOfNowhere(scene),
      expectedRevision: (await fleetOf(scene)).revision,
    }),
    code: "closure-unavailable",
  }),
  {
    attack: "head of a world whose closure is nowhere",
    how: "NATS `head`, past the controller",
    run: async (scene) =>
      pointersKept(scene, async () => scene.store.put(desiredKey(scene, "head"), await headOfNowhere(scene))),
  },
];

async function pointersKept(scene: Scene, act: () => Promise<void>) {
  const before = await pointersOf(scene.node);
  const problem = (await viewOf(scene)).status?.problem?.at;
  try {
    await act();
    const reported = await waitProblem(scene, "closure-unavailable", problem);
    expect(await pointersOf(scene.node)).toEqual(before);
    return { outcome: "the node takes the head and begins nothing", reported };
  } finally {
    scene.proxy.setTampering(null);
  }
}

async function headOfNowhere(scene: Scene) {
  const { head } = await newestHead(scene);
  const { leaves } = World.parse((await scene.call("GET", `/v1/worlds/${head.world}`)).json);
  const toplevel = StorePath.parse(`/nix/store/${"0".repeat(32)}-nixos-system-n1-absent`);
  const absent = leaves.map((leaf) => ({ ...leaf, toplevel, closure: Digest.parse("0".repeat(64)) }));
  const world = worldId(absent);
  const answer = await scene.call("PUT", `/v1/worlds/${world}`, { v: 1, leaves: absent });
  expect(answer.status).toBe(200);
  return signedHead(scene, { world, size: absent.length });
}
