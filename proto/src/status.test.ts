/** A status that a newer agent wrote: what this reader does not know costs nothing of what it does know. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NodeEvent } from "./event.ts";
import { Beat, NodeStatus } from "./status.ts";

const folder = join(import.meta.dirname, "../test/golden/v1");
const read = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
const status = read("status");
const [item] = status.drift.open;
const withDrift = (drift: object) =>
  NodeStatus.parse({ ...status, drift: { ...status.drift, ...drift } }).drift;

test("a kind of drift that is not known is shown as it is", () => {
  const open = [
    { ...item, kind: "firmware-changed" },
    { ...item, found: { ...item.found, type: "subvolume" } },
    { ...item, why: "report" },
  ];
  expect(withDrift({ open, openCount: 3 })).toMatchObject({ open, openCount: 3 });
});

test("an entry in a form that is not known is left out, and the count says that it is there", () => {
  const open = [{ ...item, path: 7 }, { form: "new" }, null, item];
  expect(withDrift({ open, openCount: 4 })).toMatchObject({ open: [item], openCount: 4 });
  const exceptions = [{ glob: "/etc/x", scope: "whatever comes" }];
  expect(withDrift({ exceptions, fought: [{ path: "/etc/x" }] })).toMatchObject({
    exceptions: [],
    fought: [],
  });
});

test("more than this reader lists are cut, and no list at all is still refused", () => {
  const many = Array.from({ length: 5_000 }, () => item);
  expect(withDrift({ open: many, openCount: 5_000 }).open).toHaveLength(50);
  expect(() => withDrift({ open: "many" })).toThrow(/expected array/u);
});

test("words that are not known, of state, check and root's order, are shown as they are", () => {
  const known = { passesInRow: 1, failuresInRow: 0, runs: 1, message: null, at: null };
  const local = { ...read("local-order"), action: "pause" };
  const checks = [{ name: "ups", kind: "battery", ...known }];
  const newer = { ...status, state: "hibernating", waiting: { reason: "moon", detail: "" }, checks, local };
  expect(NodeStatus.parse(newer)).toMatchObject({ state: "hibernating", checks, local: { action: "pause" } });
  expect(Beat.parse({ e: 0, s: 1, p: "hibernating" }).p).toBe("hibernating");
});

test("a word is short and plain, whoever writes it", () => {
  for (const state of ["", "a".repeat(65), "red\u001b[31m", "two words", 7])
    expect(NodeStatus.safeParse({ ...status, state }).success).toBe(false);
});

test("an event about a kind of drift that is not known keeps its type", () => {
  const event = read("event-drift-reverted");
  const newer = { ...event, data: { ...event.data, item: { ...item, kind: "firmware-changed" } } };
  expect(NodeEvent.parse(newer)).toMatchObject({ type: "drift-reverted", data: newer.data });
});
