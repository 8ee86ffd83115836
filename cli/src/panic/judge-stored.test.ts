import { expect, test } from "vitest";
import { FleetId } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, seal, type Envelope } from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { Panic } from "@chimera/proto/signed/panic";
import { worldId } from "@chimera/proto/signed/world";
import { judgeStored, type StoredLook } from "./judge-stored.ts";

const signer = parseSecretKey(generateKey("ops").secret);
const fleetId = FleetId.parse("a".repeat(64));
const world = worldId([]);
const at = "2026-01-01T00:00:00.000Z";

function headOf(serial: number) {
  const rest = { mode: "deploy", policy: {}, revertTo: null, consentUntil: null, author: "x", reason: "" };
  const head = Head.parse({
    v: 1,
    kind: "head",
    fleetId,
    epoch: 0,
    serial,
    world,
    size: 1,
    previous: null,
    createdAt: at,
    notAfter: at,
    ...rest,
  });
  const envelope = seal("head", head, [signer]);
  return { head, envelope, id: idOf("head", envelope) };
}

function panicOf(undone: ReturnType<typeof headOf>, to: string = world) {
  const { epoch, serial } = undone.head;
  const panic = Panic.parse({
    v: 1,
    kind: "panic",
    fleetId,
    epoch,
    serial,
    undoes: undone.id,
    world: to,
    reason: "",
  });
  const envelope = seal("panic", panic, [signer]);
  return { panic, envelope, id: idOf("panic", envelope) };
}

function idOf(kind: "head" | "panic", envelope: Envelope) {
  return sha256(payloadOf(envelope, kind));
}

const [one, two, three] = [headOf(1), headOf(2), headOf(3)];
const own = { ...panicOf(two), isSent: false };
const look = (found: Partial<StoredLook>): StoredLook => ({
  kind: "seen",
  panic: null,
  revision: 0,
  head: { ...two, revision: 5 },
  ...found,
});
const judged = (found: Partial<StoredLook>, isSent = false) =>
  judgeStored(look(found), { head: two, own: { ...own, isSent } });

test("writes over nothing, over an older panic, and over a higher one of a head that is not there", () => {
  expect(judged({})).toBe("write");
  expect(judged({ head: null })).toBe("write");
  expect(judged({ panic: panicOf(one), revision: 4 })).toBe("write");
  expect(judged({ head: { ...one, revision: 3 }, panic: panicOf(one), revision: 4 })).toBe("write");
  expect(judged({ panic: panicOf(three), revision: 6 })).toBe("write");
});

test("finds itself, and one that does the same; one for another world is refused", () => {
  expect(judged({ panic: panicOf(two), revision: 6 })).toBe("stored");
  expect(() => judged({ panic: panicOf(two, "b".repeat(64)), revision: 6 })).toThrow(/but for world b/u);
});

test("writes nothing under a newer head, or over its panic where the head is not shown", () => {
  expect(() => judged({ head: { ...three, revision: 6 } })).toThrow(/head 0\.3 is newer than 0\.2/u);
  expect(() => judged({ head: null, panic: panicOf(three), revision: 7 })).toThrow(/head 0\.3 is newer/u);
  const behind = { head: { ...one, revision: 3 }, panic: panicOf(three), revision: 7 };
  expect(() => judged(behind)).toThrow(/head 0\.3 is newer/u);
});

test("what was sent and stored without an answer counts under a head that came after it, not under one from before", () => {
  const stored = { panic: panicOf(two), revision: 6 };
  expect(judged({ ...stored, head: { ...three, revision: 7 } }, true)).toBe("stored");
  expect(() => judged({ ...stored, head: { ...three, revision: 5 } }, true)).toThrow(/is newer/u);
  expect(() => judged({ ...stored, head: { ...three, revision: 7 } })).toThrow(/is newer/u);
});
