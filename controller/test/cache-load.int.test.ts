import { readdirSync } from "node:fs";
import { join } from "node:path";
import { closureDigest, ClosureEntry } from "@chimera/proto/closure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeStoreObject } from "./store-object.ts";
import { startTestFleet, type TestFleet } from "./test-fleet.ts";

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await startTestFleet({ narBytes: 4 << 20, closureBytes: 64 * 1024 });
});
afterAll(() => fleet.stop());

function put(path: string, body: unknown, role = "cache-writer") {
  return fleet.call(`/cache/${path}`, {
    method: "PUT",
    body: typeof body === "string" ? Buffer.from(body) : body,
    role,
  });
}

function files(folder: string): string[] {
  return readdirSync(join(fleet.config.cacheDir, folder));
}

test("takes a closure list only under its own digest, closed, and without double paths", async () => {
  const a = makeStoreObject("a");
  const b = makeStoreObject("b");
  const entry = (object: typeof a, references: string[]) =>
    ClosureEntry.parse({ path: object.path, narHash: object.narHash, narSize: 1, references });
  const entries = [entry(b, []), entry(a, [b.path, a.path])];
  const digest = closureDigest(entries);
  expect((await put(`closure/${digest}`, { v: 1, entries })).status).toBe(201);
  expect((await put(`closure/${digest}`, { v: 1, entries })).status).toBe(200);
  const read = await fleet.call(`/cache/closure/${digest}`, { role: "n1" });
  expect(closureDigest(read.json().entries)).toBe(digest);
  const wrong = await put(`closure/${"a".repeat(64)}`, { v: 1, entries });
  expect(wrong.json()).toMatchObject({ status: 422, code: "hash-mismatch" });
  const open = [entry(a, [b.path])];
  expect((await put(`closure/${closureDigest(open)}`, { v: 1, entries: open })).json().detail).toContain(
    b.path,
  );
  const twice = [entry(b, []), entry(b, [])];
  expect((await put(`closure/${closureDigest(twice)}`, { v: 1, entries: twice })).json().detail).toContain(
    "twice",
  );
  const bad = await put(`closure/${digest.replace(/^./, "0")}`, {
    v: 1,
    entries: [{ ...entries[0], path: "/etc" }],
  });
  expect(bad.json()).toMatchObject({ status: 422, detail: expect.stringContaining("entries.0.path") });
  const large = await put(`closure/${"d".repeat(64)}`, Buffer.alloc(64 * 1024 + 1));
  expect(large.json()).toMatchObject({ status: 413 });
});

test("takes eight uploads of one NAR at a time as one file", async () => {
  const object = makeStoreObject("crowd", 1 << 20);
  const answers = await Promise.all(Array.from({ length: 8 }, () => put(object.narFile, object.file)));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
    200, 200, 200, 200, 200, 200, 200, 201,
  ]);
  expect(files("tmp")).toEqual([]);
});

test("tells uploads to come back when too many are under way", async () => {
  const small = await startTestFleet({ uploads: 1 });
  try {
    const object = makeStoreObject("queue", 1 << 20);
    const send = () => small.call(`/cache/${object.narFile}`, { method: "PUT", body: object.file });
    const answers = await Promise.all(Array.from({ length: 12 }, send));
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get("retry-after")).toBe("2");
    expect(refused[0]?.json()).toMatchObject({ code: "overloaded" });
    expect(answers.some(({ status }) => status === 201)).toBe(true);
  } finally {
    await small.stop();
  }
});
