import { createLog } from "@chimera/proto/log";
import type { AckMessage } from "@chimera/proto/api";
import { seal } from "@chimera/proto/signed/envelope";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSigner, firstKeySet, fleetId, node, sealOrder } from "../fleet-fixture.ts";
import { openTrust } from "../trust/open-trust.ts";
import { createTrustKeeper } from "../trust/trust-keeper.ts";
import { createOrderDesk } from "./order-desk.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => vi.useRealTimers());

test("an order that was over by a clock that was ahead is carried out once the clock is right", () => {
  vi.setSystemTime("2026-11-23T12:00:00.000Z");
  const nodeKey = createSigner("n1");
  const identity = { node, nodeKey: nodeKey.publicKey };
  const sources = { stored: null, earlier: null, trustedKeys: firstKeySet, fleetId, identity, floor: null };
  const keeper = createTrustKeeper({
    start: openTrust(sources),
    identity,
    freshSeconds: 3600,
    floor: null,
    save: () => undefined,
    report: () => undefined,
    onJudged: () => undefined,
    log: createLog({ fields: {}, write: () => undefined }),
  });
  const said: AckMessage[] = [];
  const receiptFor = () => seal("receipt", {}, [nodeKey]);
  const desk = createOrderDesk({
    keeper,
    receiptFor,
    perform: () => null,
    acknowledge: (message) => said.push(message),
  });
  const until = "2026-11-23T15:00:00.000Z";
  const hold = sealOrder({ kind: "hold", until, drift: false, evenPanic: false });
  vi.setSystemTime("2026-11-24T12:00:00.000Z");
  desk.takeStanding([hold], { isList: false });
  expect(keeper.state()?.hold).toBeNull();
  vi.setSystemTime("2026-11-23T12:01:00.000Z");
  desk.takeStanding([hold], { isList: false });
  desk.takeStanding([hold], { isList: false });
  expect(keeper.state()?.hold).toMatchObject({ until });
  expect(said).toHaveLength(1);
});
