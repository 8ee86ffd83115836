import { noLocalState } from "@chimera/proto/local-order";
import { expect, test } from "vitest";
import { applyC, openDesk, refused, revert, signedHold, type Setting } from "./desk-fixture.ts";
import { a, b, c, journal, panic, status } from "./local-fixture.ts";

test.each<[string, Setting, string, RegExp]>([
  ["of what is not in the store", { finding: { kind: "missing" } }, "not-found", /not valid in this store/u],
  [
    "of what is no system",
    { finding: { kind: "no-system", lacks: "nixos-version" } },
    "input-invalid",
    /has no nixos-version/u,
  ],
  ["of what is in quarantine", { quarantined: [c] }, "quarantined", /in quarantine/u],
  [
    "while a panic holds",
    { facts: { status: { ...status, panic } } },
    "panic-holds",
    /panic 0\.7\+panic holds/u,
  ],
  [
    "while an order is half done",
    { facts: { journal: { ...journal, step: "probation", isReplaceable: false } } },
    "write-conflict",
    /half done: probation of/u,
  ],
  ["under a signed hold", { facts: { signedHold } }, "held", /held by ops until .*chimera hold release/u],
  [
    "under root's own hold",
    { local: { ...noLocalState, hold: { ...signedHold, author: "root" } } },
    "held",
    /by root.*local release/u,
  ],
])("apply %s is refused, and nothing changes", async (...row) => {
  const [, setting, code, message] = row;
  const { answer, world } = openDesk(setting);
  const before = world.local;
  expect(await answer(applyC)).toMatchObject(refused(code, message));
  expect(world).toMatchObject({ trail: [], local: before });
});

test("a disk that takes nothing is said, and nothing is done", async () => {
  const { answer, world } = openDesk({ saveFails: true });
  expect(await answer(applyC)).toMatchObject(refused("file-unreadable", /disk is full/u));
  expect(world.trail).toEqual([]);
});

test.each<[string, Setting, string]>([
  ["nothing is known to have run before", { facts: { journal: null } }, "not-found"],
  [
    "what ran before runs now",
    { facts: { journal: { ...journal, before: { ...journal.before, current: b } } } },
    "not-found",
  ],
  ["what ran before is gone", { finding: { kind: "missing" } }, "not-found"],
  ["what ran before is in quarantine", { quarantined: [a] }, "quarantined"],
  [
    "an activation runs",
    { facts: { journal: { ...journal, step: "activating", isReplaceable: false } } },
    "write-conflict",
  ],
])("revert is refused when %s", async (_, setting, code) => {
  const { answer, world } = openDesk(setting);
  expect(await answer(revert)).toMatchObject(refused(code, /./u));
  expect(world.trail).toEqual([]);
});
