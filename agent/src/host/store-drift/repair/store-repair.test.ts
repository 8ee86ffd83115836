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

test("what hands out rights is put back, however many times and modes were wrong before it in this hour", async () => {
  const events: NodeEventBody[] = [];
  const log = createLog({ fields: {}, write: () => undefined });
  const onEvent = (event: NodeEventBody) => events.push(event);
  const repair = createStoreRepair({
    responder: createResponder({ mode: "revert", isHeld: () => false, onEvent, log }),
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
  const wrong = (number: number, found: DriftItem["found"]) => {
    const path = StorePath.parse(`/nix/store/${`${number}`.padStart(32, "a")}-app`);
    const metadata: DriftItem = { path, kind: "store-metadata", expected: { type: "nar" }, found };
    return repair.onDrift({ ...expected, path }, metadata);
  };
  for (let number = 0; number < 40; number += 1) await wrong(number, { type: "nar", detail: "a: time" });
  const codes = () => events.flatMap((event) => (event.type === "drift-unreverted" ? [event.data.code] : []));
  expect(codes()).toHaveLength(10);
  await wrong(41, { type: "nar", mode: "4555", uid: 0, detail: "a: mode 4555" });
  // It is tried: that it waits for a switch is no word of the budget.
  expect(codes()).toHaveLength(10);
  expect(repair.nextMs()).not.toBeNull();
});

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
