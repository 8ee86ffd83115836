/** What the lead believes of what it hears. */
import { createLog } from "@chimera/proto/log";
import { Digest, NodeName } from "@chimera/proto/names";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { expect, test, vi } from "vitest";
import type { Connection } from "../connection.ts";
import { createSigner, fleetId } from "../fleet-fixture.ts";
import { openFleetEar } from "./fleet-ear.ts";
import { statusOf } from "./played-fleet.ts";

const head = Digest.parse("b".repeat(64));
const [n1, n2] = [NodeName.parse("n1"), NodeName.parse("n2")];
const [signer, thief] = [createSigner("n1"), createSigner("n1")];
const keys = new Map([[n1, signer.publicKey]]);
const log = createLog({ fields: {}, write: () => undefined });

/** A store with these statuses, and a wire to say more on. */
function listen(stored: Record<string, unknown> = {}) {
  const ears: [RegExp, (data: Uint8Array, subject: string) => void][] = [];
  const clock = { ms: 0 };
  const connection: Connection = {
    isConnected: () => true,
    subscribe: (subject, onMessage) =>
      ears.push([new RegExp(`^${subject.replaceAll("$", "\\$").replaceAll("*", "[^.]+")}$`), onMessage]),
    request: async (subject) => {
      const found = stored[subject];
      return found === undefined
        ? { data: new Uint8Array(), code: 404, revision: null }
        : { data: Buffer.from(JSON.stringify(found)), code: 0, revision: 1 };
    },
    publish: () => true,
    reconnect: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const ear = openFleetEar({ connection, fleetId, keys, nowMs: () => clock.ms, log });
  const say = (subject: string, data: unknown) => {
    const bytes = Buffer.from(typeof data === "string" ? data : JSON.stringify(data));
    for (const [pattern, onMessage] of ears) if (pattern.test(subject)) onMessage(bytes, subject);
  };
  return { ear, say, clock };
}

const word = (over: Partial<Parameters<typeof statusOf>[0]> = {}, by = signer): Envelope =>
  seal("status", statusOf({ node: n1, signer, head, state: "committed", ...over }), [by]);
const sight = ({ ear }: ReturnType<typeof listen>) => ear.sights(head).get(n1);

test("a status that its node signed is believed, and its receipt is proof", () => {
  const at = listen();
  at.say(subjects.status(fleetId, n1), word());
  expect(sight(at)).toMatchObject({ state: "committed", isProven: true, silentMs: 0 });
  expect(at.ear.receiptsOf([n1, n2], head)).toHaveLength(1);
});

test.each([
  ["garbage", "\u0000{"],
  ["an unsigned one", statusOf({ node: n1, signer, head, state: "committed" })],
  ["one that another key of that name signed", word({}, thief)],
  ["one of a node that no wave names", word({ node: n2 })],
  ["something that is too large", "x".repeat(2_000_000)],
])("%s is not heard", (_, said) => {
  const at = listen();
  at.clock.ms = 7;
  at.say(subjects.status(fleetId, n1), said);
  expect(at.ear.sights(head).size).toBe(0);
});

test("a receipt by another key proves nothing, and is not laid ready", () => {
  const at = listen();
  const status = statusOf({ node: n1, signer: thief, head, state: "committed" });
  at.say(subjects.status(fleetId, n1), seal("status", status, [signer]));
  expect(sight(at)).toMatchObject({ state: "committed", isProven: false });
  expect(at.ear.receiptsOf([n1], head)).toEqual([]);
});

test("that a rollout is over is told by who runs what it asks for, with the time that it knows", () => {
  const endOf = (over: Parameters<typeof word>[0]) => {
    const at = listen();
    at.say(subjects.status(fleetId, n1), word(over));
    return at.ear.ends(head);
  };
  const backAt = "2026-11-29T01:00:00.000Z";
  expect(endOf({ backAt })).toMatchObject([{ node: n1, phase: "returned", at: backAt }]);
  expect(endOf({ backAt, state: "reverting" })).toEqual([]);
  // It has committed, and does not say that all others have.
  expect(endOf({})).toEqual([]);
  const other = statusOf({ node: n1, signer: thief, head, state: "committed", backAt });
  const at = listen();
  at.say(subjects.status(fleetId, n1), seal("status", other, [signer]));
  expect(at.ear.ends(head)).toEqual([]);
});

test("what is said now counts, whatever its node's clock shows; what lies in the store only where it is newer", async () => {
  const older = { ...statusOf({ node: n1, signer, head, state: "staged" }), at: "2026-01-01T00:00:00.000Z" };
  const stored = seal("status", older, [signer]);
  const at = listen({ [subjects.statusGet(fleetId, n1)]: stored });
  at.say(subjects.status(fleetId, n1), word());
  at.ear.readAll();
  await vi.waitFor(() => expect(at.ear.isRead()).toBe(true));
  expect(sight(at)?.state).toBe("committed");
  at.say(subjects.status(fleetId, n1), stored);
  expect(sight(at)?.state).toBe("staged");
});

test("what lies in the store is known, but nobody was heard; a beat alone is a sign of life", async () => {
  const at = listen({ [subjects.statusGet(fleetId, n1)]: word({ state: "staged" }) });
  expect(at.ear.isRead()).toBe(false);
  at.ear.readAll();
  await vi.waitFor(() => expect(at.ear.isRead()).toBe(true));
  at.clock.ms = 60_000;
  expect(sight(at)).toMatchObject({ state: "staged", silentMs: 60_000 });
  at.say(subjects.beat(fleetId, n1), "{}");
  at.clock.ms = 61_000;
  expect(sight(at)?.silentMs).toBe(1_000);
});

test("while the lead itself could hear nobody, nobody was silent", () => {
  const at = listen();
  at.say(subjects.status(fleetId, n1), word());
  at.clock.ms = 300_000;
  at.ear.wasDeaf();
  at.clock.ms = 301_000;
  expect(sight(at)?.silentMs).toBe(1_000);
});

test("another node's word does not speak for this one", () => {
  const at = listen();
  at.say(subjects.status(fleetId, n2), word());
  expect(at.ear.sights(head).size).toBe(0);
});
