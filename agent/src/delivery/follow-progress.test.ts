/** What a follower shows, when it shows it again, and when it is done. */
import type { JournalView, LocalStatus } from "@chimera/proto/local-api";
import { expect, test } from "vitest";
import { noLocalState } from "@chimera/proto/local-order";
import { composeLocalStatus } from "../local/compose-local-status.ts";
import { facts, journal, noon, panic } from "../local/local-fixture.ts";
import { isFollowed, progressLine, sightOf } from "./follow-progress.ts";

const settled = composeLocalStatus(facts, noLocalState, noon);
const withJournal = (changes: Partial<JournalView>, more: Partial<LocalStatus> = {}): LocalStatus => ({
  ...settled,
  ...more,
  journal: { ...journal, ...changes },
});
const order = { epoch: 0, serial: 7, rank: 0, id: "1".repeat(64), local: null };

test.each<[string, LocalStatus, boolean]>([
  ["committed", settled, true],
  ["that has the head, and runs the one before", withJournal({ order: { ...order, serial: 6 } }), false],
  ["in probation", { ...settled, state: "probation" }, false],
  ["reverted", { ...settled, state: "reverted" }, true],
  ["without a journal", { ...settled, journal: null }, false],
  ["that has a panic, and has not begun with it", { ...settled, panic }, false],
  ["that went back by the panic", withJournal({ order: { ...order, rank: 1 } }, { panic }), true],
])("a node %s: done is %s", (_, status, isDone) => {
  expect(isFollowed(status, 7)).toBe(isDone);
});

test("one that follows a newer head is done with the older one", () => {
  expect(isFollowed({ ...settled, state: "fetching" }, 6)).toBe(true);
});

test("says head, state and reason on one line, whatever they hold", () => {
  const status: LocalStatus = {
    ...settled,
    panic,
    state: "reverted",
    waiting: { reason: "x", detail: "a\nb\u001b[2J" },
    problem: { code: "activation-failed", message: "unit web.service failed", at: settled.at },
  };
  expect(progressLine(status)).toBe(
    "head 7, undone by a panic: reverted: a b [2J: activation-failed: unit web.service failed",
  );
  const fetch = { doneBytes: 3 << 20, totalBytes: 9 << 20 };
  expect(progressLine({ ...settled, state: "fetching", fetch })).toBe("head 7: fetching 3.0 of 9.0 MiB");
  expect(progressLine({ ...settled, accepted: null, state: "idle" })).toBe("no head: idle");
});

test("time alone is no news", () => {
  const later = withJournal({ stepMs: 99_000, retryInMs: 5 }, { at: "2026-11-23T13:00:00.000Z" });
  expect(sightOf(later)).toBe(sightOf(settled));
  expect(sightOf({ ...settled, state: "probation" })).not.toBe(sightOf(settled));
});
