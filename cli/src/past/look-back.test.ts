/** What follows the past asks for the documents only when their store has moved, and loses nothing where a request fails. */
import { ChimeraError } from "@chimera/proto/errors";
import { FleetView } from "@chimera/proto/api";
import { EventPage, PastDocuments } from "@chimera/proto/past-api";
import { expect, test } from "vitest";
import { createSignedFleet } from "../../test/fixture/signed-fleet.ts";
import type { Entry } from "../print/timeline/entry.ts";
import { kindFilter } from "./kind-filter.ts";
import { createLook } from "./look-back.ts";

const fleet = createSignedFleet(["n1"]);
const at = "2026-11-23T12:00:00.000Z";

function release(reason: string, payloadType?: string) {
  const order = { nonce: "0".repeat(32), nodes: "all", createdAt: at, author: "anna", reason };
  const whole = { ...order, notAfter: "2026-11-24T12:00:00.000Z", action: { kind: "release" } };
  const { envelope } = fleet.sealed("order", whole, fleet.signer("order"));
  return { storedAt: at, envelope: { ...envelope, ...(payloadType !== undefined && { payloadType }) } };
}

/** A store that is written to while somebody follows it. */
function createStore() {
  const { chain, fleetId } = fleet;
  const roles = chain[0]?.set.roles;
  if (roles === undefined) throw new Error("no keys");
  const store = { revision: 1, orders: [release("first")], read: 0, isAway: false, err: "" };
  const api = {
    documentsRevision: async () => store.revision,
    heads: async () => ({ heads: [] }),
    fleet: async () =>
      FleetView.parse({ fleetId, head: null, revision: 0, panic: null, rollout: null, keys: 1 }),
    pastDocuments: async () => {
      store.read += 1;
      return {
        ...PastDocuments.parse({ panics: [], orders: [], rollouts: [], isCut: false }),
        orders: store.orders,
      };
    },
    eventPage: async () => {
      if (store.isAway) throw new ChimeraError("server-unreachable", "away");
      return EventPage.parse({ events: [], last: 5, more: false, oldestAt: null });
    },
    world: async () => {
      throw new ChimeraError("world-unknown", "none");
    },
  };
  const reader = {
    chain,
    api,
    trust: { fleetId, roles, chain, known: new Set<never>(), vouched: undefined },
  };
  const io = { err: (text: string) => void (store.err += text), signal: new AbortController().signal };
  const look = createLook(io, { reader, filter: kindFilter(["all"]), node: undefined, sinceMs: 0 });
  const news = async (after?: number): Promise<string[]> => {
    const told: Entry[] = [];
    await look({ untilMs: Infinity, ...(after !== undefined && { after }) }, (entry) => told.push(entry));
    return told.map(({ why }) => why);
  };
  return { store, news };
}

test("documents are read again when their store has moved, and only then", async () => {
  const { store, news } = createStore();
  expect(await news()).toEqual(["first"]);
  expect(await news(5)).toEqual([]);
  expect(await news(5)).toEqual([]);
  expect(store.read).toBe(1);
  store.orders.push(release("second"));
  store.revision = 2;
  expect(await news(5)).toEqual(["second"]);
  // A store that was lost counts from 1 again.
  store.revision = 1;
  expect(await news(5)).toEqual([]);
  expect(store.read).toBe(3);
});

test("what could not be told because the events were not to be had is told later", async () => {
  const { store, news } = createStore();
  await news();
  store.orders.push(release("second"));
  store.revision = 2;
  store.isAway = true;
  await expect(news(5)).rejects.toThrow("away");
  store.isAway = false;
  expect(await news(5)).toEqual(["second"]);
});

test("why a document is left out is one clean line, also where its type is an escape sequence", async () => {
  const { store, news } = createStore();
  store.orders = [release("evil", "\u001b[2J\u001b]52;c;ZXZpbA==\u0007\nx")];
  expect(await news()).toEqual([]);
  expect(store.err).toMatch(
    /^warning: a document that was stored 2026\S+ is left out: .*payload type " x" where[^\n]*\n$/u,
  );
  expect(store.err.trimEnd()).not.toMatch(/\p{Cc}/u);
});
