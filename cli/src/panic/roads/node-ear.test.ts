import { createTestNode } from "../../../test/fixture/test-node.ts";
import { FleetId } from "@chimera/proto/names";
import { Leaf } from "@chimera/proto/signed/world";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NatsLink } from "../../nats/connection.ts";
import { createNodeEar } from "./node-ear.ts";

const fleetId = FleetId.parse("a".repeat(64));
const leaf = Leaf.parse({
  v: 1,
  fleetId,
  node: "n1",
  nodeKey: createTestNode("n1").nodeKey,
  toplevel: `/nix/store/${"0".repeat(32)}-nixos-system`,
  closure: "b".repeat(64),
  closureSize: 1,
  substituters: [],
});

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

test("one look at what is kept ends before the next begins, however slow JetStream is", async () => {
  const answers: (() => void)[] = [];
  const link: NatsLink = {
    request: () =>
      new Promise((resolve) => {
        answers.push(() => resolve({ data: new Uint8Array(), code: 404, revision: 0 }));
      }),
    publish: () => undefined,
    flush: async () => undefined,
    subscribe: () => () => undefined,
    readStored: async () => [],
    onLost: () => undefined,
    close: async () => undefined,
  };
  const ear = createNodeEar(link, fleetId, new Set(["n1"]));
  const look = async (): Promise<void> => {
    vi.advanceTimersByTime(10_000);
    await ear.words([leaf]);
    await new Promise(setImmediate);
  };
  for (let i = 0; i < 3; i += 1) await look();
  expect(answers).toHaveLength(1);
  answers[0]?.();
  await new Promise(setImmediate);
  await look();
  expect(answers).toHaveLength(2);
});
