/** When a path is tried again, and when it is only told. */
import type { DriftItem } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { Digest, StorePath } from "@chimera/proto/names";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { createResponder } from "../../drift/drift-response.ts";
import { createStoreRepair } from "./store-repair.ts";

const expected = {
  path: StorePath.parse(`/nix/store/${"a".repeat(32)}-app`),
  narSha256: Digest.parse("ab".repeat(32)),
  narSize: 1000,
};
const item: DriftItem = {
  path: expected.path,
  kind: "store-missing",
  expected: { type: "nar" },
  found: { type: "missing" },
};

test("what waits and is held by then is only told, and is not due again and again", async () => {
  let isHeld = false;
  const events: NodeEventBody[] = [];
  const log = createLog({ fields: {}, write: () => undefined });
  const onEvent = (event: NodeEventBody) => events.push(event);
  const repair = createStoreRepair({
    responder: createResponder({ mode: "revert", isHeld: () => isHeld, onEvent, log }),
    // As while a switch runs: nothing is done yet.
    closure: () => null,
    source: () => null,
    compare: () => Promise.resolve({ kind: "clean" }),
    isCurrent: () => false,
    onRepaired: () => Promise.resolve(),
    stateDir: "/nonexistent",
    program: "/nonexistent",
    onEvent,
    log,
  });
  expect(await repair.onDrift(expected, item)).toBe(false);
  expect(repair.nextMs()).toBeGreaterThan(performance.now());
  expect(events).toEqual([]);
  await delay(2_100);
  expect(repair.due()).toEqual([expected.path]);
  isHeld = true;
  expect(await repair.onDrift(expected, item)).toBe(false);
  expect(repair.due()).toEqual([]);
  expect(repair.nextMs()).toBeNull();
  expect(events.map(({ type }) => type)).toEqual(["drift-found"]);
});
