import type { AckMessage } from "@chimera/proto/api";
import { Digest, FleetId, StorePath } from "@chimera/proto/names";
import { openReceipt, type Receipt } from "@chimera/proto/signed/receipt";
import { expect, test } from "vitest";
import { createSigner, fleetId, node } from "../fleet-fixture.ts";
import { createReceiptBook, type ReceiptFacts } from "./receipt-book.ts";

const signer = createSigner("n1");
const [a, b] = ["a", "b"].map((letter) => StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-x`));
const acceptedAt = "2026-11-23T12:00:00.000Z";
const id = Digest.parse("5".repeat(64));

const before: ReceiptFacts = {
  document: { kind: "head", id, epoch: 0, serial: 5, acceptedAt },
  target: b ?? null,
  state: "fetching",
  system: { current: a ?? null, booted: a ?? null, profile: a ?? null, bootDefault: a ?? null },
  isSwitching: false,
  isCommitted: false,
  isBegun: true,
};

function start(value: Receipt | null = null) {
  let facts: ReceiptFacts = { ...before, document: null };
  const said: AckMessage[] = [];
  const saved: Receipt[] = [];
  const rested: Receipt[] = [];
  const book = createReceiptBook({
    node,
    fleetId,
    signer,
    value,
    save: (receipt) => saved.push(receipt),
    facts: () => facts,
    acknowledge: (message) => said.push(message),
    onRest: (receipt) => rested.push(openReceipt(receipt, signer.publicKey)),
  });
  const see = (next: ReceiptFacts) => {
    facts = next;
    book.note();
    const sealed = book.newest();
    return sealed === null ? null : openReceipt(sealed, signer.publicKey);
  };
  return { book, see, said, saved, rested };
}

test("a receipt is said when the document is on disk, and again at each of its times, once", () => {
  const { see, said, saved, book } = start();
  expect(book.newest()).toBeNull();
  expect(see(before)?.times).toEqual({ ack: acceptedAt, active: null, pointer: null, boot: null });
  const runs = { ...before, system: { ...before.system, current: b ?? null } };
  expect(see({ ...runs, isSwitching: true })?.times.active).toBeNull();
  const active = see(runs)?.times.active;
  expect(active).not.toBeNull();
  see(runs);
  expect(said).toHaveLength(2);
  const done = see({ ...runs, system: { ...runs.system, profile: b ?? null, bootDefault: b ?? null } });
  expect(done?.times).toMatchObject({ active, pointer: expect.any(String), boot: expect.any(String) });
  // What is undone later does not unsay what was.
  expect(see(before)?.times).toEqual(done?.times);
  expect(said).toHaveLength(3);
  expect(saved).toHaveLength(3);
});

test("times are kept over a restart; another document begins anew, another node's are nobody's", () => {
  const runs = { ...before, system: { ...before.system, current: b ?? null } };
  const first = start();
  const kept = first.see(runs);
  const [saved = null] = first.saved;
  const again = start(saved);
  expect(again.see(runs)?.times).toEqual(kept?.times);
  expect(again.said).toEqual([]);
  const panic = { kind: "panic", id: Digest.parse("6".repeat(64)), epoch: 0, serial: 5, acceptedAt } as const;
  expect(again.see({ ...runs, document: panic, target: a ?? null })?.times.active).toBeNull();
  const stranger = start(saved === null ? null : { ...saved, fleetId: FleetId.parse("1".repeat(64)) });
  expect(stranger.book.newest()).toBeNull();
});

test("where no reader knows the loader, the journal's commit is the word for the boot default", () => {
  const { see } = start();
  const blind = { ...before, system: { ...before.system, bootDefault: null } };
  expect(see(blind)?.times.boot).toBeNull();
  expect(see({ ...blind, isCommitted: true })?.times.boot).not.toBeNull();
});

test("a way back that knows no target is acknowledged, and nothing more is claimed", () => {
  const { see } = start();
  const system = { current: null, booted: null, profile: null, bootDefault: null };
  const times = see({ ...before, target: null, system })?.times;
  expect(times).toEqual({ ack: acceptedAt, active: null, pointer: null, boot: null });
});

test("a receipt says where the node came to rest, and not each state on the way", () => {
  const { see, said } = start();
  see(before);
  for (const state of ["staged", "activating", "probation", "committing"] as const) see({ ...before, state });
  expect(said).toHaveLength(1);
  expect(see({ ...before, state: "committed" })?.state).toBe("committed");
  expect(said).toHaveLength(2);
});

test("what is to outlive the next document is told when the node has come to rest with this one, and not before", () => {
  const { see, rested } = start();
  // The word of the order before, until the node begins with this one.
  see({ ...before, state: "reverted", isBegun: false });
  see(before);
  see({ ...before, state: "held", isBegun: false });
  expect(rested.map(({ state }) => state)).toEqual(["held"]);
  const runs = { current: b ?? null, booted: a ?? null, profile: b ?? null, bootDefault: b ?? null };
  see({ ...before, state: "probation", system: runs });
  see({ ...before, state: "committed", system: runs });
  see({ ...before, state: "committed", system: runs });
  expect(rested.map(({ state }) => state)).toEqual(["held", "committed"]);
  expect(rested[1]?.times).toMatchObject({ pointer: expect.any(String), boot: expect.any(String) });
});

test("the way back from a head is another thing than the way to it: it has times of its own, and is marked", () => {
  const { see, said } = start();
  const onIt = { current: b ?? null, booted: b ?? null, profile: b ?? null, bootDefault: b ?? null };
  const done = see({ ...before, state: "committed", system: onIt });
  expect(done).toMatchObject({ document: { id }, state: "committed", times: { boot: expect.any(String) } });
  expect(done?.document).not.toHaveProperty("rank");
  const document = { kind: "head" as const, id, epoch: 0, serial: 5, acceptedAt, rank: 1 as const };
  const leaving = see({ ...before, document, target: a ?? null, state: "reverting", system: onIt });
  expect(leaving).toMatchObject({ document: { id, rank: 1 }, times: { active: null, boot: null } });
  const back = see({ ...before, document, target: a ?? null, state: "committed" });
  expect(back).toMatchObject({ document: { rank: 1 }, times: { boot: expect.any(String) } });
  expect(said).toHaveLength(3);
});
