/** SHELL. Attacks on a fleet with two heads and a quarantine list: refused, and the bucket is what it was. */
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { beforeAll, expect } from "vitest";
import { bucketState, makeOrder, mustPut, publish, pushWorld, sealOrder } from "./documents.ts";
import { useFleet } from "./use-fleet.ts";

export type Attack = [what: string, code: string, path: string, make: () => unknown];

type Published = Awaited<ReturnType<typeof publish>>;

export const quarantineList = (serial: number, toplevels: unknown[] = []) => ({
  kind: "quarantine",
  serial,
  toplevels,
  pardoned: [],
});

/** For the tests of one file. */
export function usePublished() {
  const fleet = useFleet();
  let state: { leaves: Leaf[]; older: Published; newest: Published } | null = null;
  const published = () => {
    if (state === null) throw new Error("the heads are there while a test runs");
    return { ...state, world: worldId(state.leaves) };
  };
  beforeAll(async () => {
    const leaves = await pushWorld(fleet());
    const older = await publish(fleet(), leaves);
    state = { leaves, older, newest: await publish(fleet(), leaves) };
    await mustPut(fleet(), "/v1/quarantine", sealOrder(makeOrder({ action: quarantineList(5) })));
  });
  async function expectRefused({ code, path, make }: ReturnType<typeof rowsOf>[number]) {
    const before = await bucketState(fleet());
    const envelope = make();
    const body =
      path === "/v1/head" ? { envelope, expectedRevision: published().newest.revision } : { envelope };
    const answer = await fleet().call(path, { method: path === "/v1/orders" ? "POST" : "PUT", body });
    expect(answer.json(), answer.text).toMatchObject({ code });
    expect(await bucketState(fleet())).toEqual(before);
    return answer.json();
  }
  return { fleet, published, expectRefused };
}

export function rowsOf(attacks: Attack[]) {
  return attacks.map(([what, code, path, make]) => ({ what, code, path, make }));
}
