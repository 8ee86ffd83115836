/** The parts that put a timeline together: each once, in one order, of the kinds that were asked for. */
import { NodeEvent } from "@chimera/proto/event";
import { expect, test } from "vitest";
import { createBoots } from "./boots.ts";
import { kindFilter } from "./kind-filter.ts";
import { createOnce } from "./once.ts";
import { merged, type NamedEntry } from "./timeline-entries.ts";

test("a name comes once, as long as it is remembered, and no more are remembered", () => {
  const once = createOnce(4);
  expect(["a", "b", "a", "c", "a", "b"].map((name) => once(name))).toEqual([
    true,
    true,
    false,
    true,
    false,
    false,
  ]);
  for (const name of ["d", "e", "f", "g"]) once(name);
  expect(once("a")).toBe(true);
});

function entry(name: string, second: number): NamedEntry {
  const at = new Date(Date.parse("2026-11-29T12:00:00.000Z") + second * 1000).toISOString();
  const gist = { kind: "state", what: name, why: "", by: "" } as const;
  return { name, at, saidAt: null, lateMs: 0, node: null, signed: false, data: null, ...gist };
}

async function* stream(...entries: NamedEntry[]): AsyncGenerator<NamedEntry> {
  yield* entries;
}

async function names(entries: AsyncIterable<NamedEntry>): Promise<string> {
  const found: string[] = [];
  for await (const { name } of entries) found.push(name);
  return found.join(" ");
}

test("documents and events come in the order of their times; what both tell comes once", async () => {
  const documents = [entry("head", 1), entry("record", 3), entry("late", 9)];
  const events = stream(entry("a", 0), entry("b", 1), entry("record", 3), entry("c", 5));
  expect(await names(merged(documents, events))).toBe("a head b record c late");
  expect(await names(merged([], stream()))).toBe("");
  expect(await names(merged(documents, stream()))).toBe("head record late");
});

function started(source: string, data: object): NodeEvent {
  const event = { specversion: "1.0", id: "1", source, time: "2026-11-29T12:00:00.000Z" };
  const start = { type: "agent-started", data: { version: "1", path: null, ...data } };
  return NodeEvent.parse({ ...event, datacontenttype: "application/json", ...start });
}

test("another boot is a restart of the machine; the same one is not; the first is judged by its age", () => {
  const isReboot = createBoots();
  const long = "2026-11-29T09:00:00.000Z";
  expect(isReboot(started("n1", { bootId: "a", bootedAt: long }))).toBe(false);
  expect(isReboot(started("n1", { bootId: "a", bootedAt: long }))).toBe(false);
  expect(isReboot(started("n1", { bootId: "b", bootedAt: long }))).toBe(true);
  expect(isReboot(started("n2", { bootId: "c", bootedAt: "2026-11-29T11:59:30.000Z" }))).toBe(true);
  // The first agents say nothing of their boot.
  expect(isReboot(started("n3", {}))).toBe(false);
});

test("kinds are named, and the controller is asked for no more than they need", () => {
  expect(kindFilter([]).kinds.has("receipt")).toBe(false);
  expect(kindFilter([])).toMatchObject({ types: undefined });
  expect(kindFilter(["drift,health", "rollout"])).toEqual({
    kinds: new Set(["rollout", "drift", "health"]),
    types: [
      "unhealthy",
      "healthy",
      "rollout-changed",
      "drift-found",
      "drift-reverted",
      "drift-unreverted",
      "drift-summed",
    ],
  });
  expect(kindFilter(["reboot"]).types).toEqual(["agent-started"]);
  expect(kindFilter(["order"]).types).toEqual([]);
  expect(kindFilter(["all"]).kinds.has("receipt")).toBe(true);
  expect(() => kindFilter(["drift", "weather"])).toThrow(/"weather" is none of all, order, rollout/u);
});
