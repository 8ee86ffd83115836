import { rmSync } from "node:fs";
import { join } from "node:path";
import { closureDigest, ClosureEntry } from "@chimera/proto/signed/closure";
import { expect, test } from "vitest";
import { eventually } from "./fixture/nats-server.ts";
import { makeStoreObject } from "./fixture/store-object.ts";
import { startTestFleet } from "./fixture/test-fleet.ts";
import { useCacheFleet } from "./fixture/use-fleet.ts";

const { fleet, put, files } = useCacheFleet();

test("takes a closure list only under its own digest, closed, and without double paths", async () => {
  const a = makeStoreObject("a");
  const b = makeStoreObject("b");
  const entry = (object: typeof a, references: string[]) =>
    ClosureEntry.parse({ path: object.path, narHash: object.narHash, narSize: 1, references });
  const entries = [entry(b, []), entry(a, [b.path, a.path])];
  const digest = closureDigest(entries);
  expect((await put(`closure/${digest}`, { v: 1, entries })).status).toBe(201);
  expect((await put(`closure/${digest}`, { v: 1, entries })).status).toBe(200);
  const read = await fleet().call(`/cache/closure/${digest}`, { role: "n1" });
  expect(closureDigest(read.json().entries)).toBe(digest);
  const other = await put(`closure/${digest}`, { v: 1, entries: [entry(b, [])] });
  expect(other.json()).toMatchObject({ status: 422, code: "hash-mismatch" });
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

test("says that its own disk failed, and not that the client went away", async () => {
  const broken = await startTestFleet();
  try {
    rmSync(join(broken.config.cacheDir, "tmp"), { recursive: true });
    const object = makeStoreObject("no-disk", 8 << 20);
    const answer = await broken.call(`/cache/${object.narFile}`, { method: "PUT", body: object.file });
    expect(answer.json()).toMatchObject({ status: 500, code: "file-unreadable" });
  } finally {
    await broken.stop();
  }
});

test("counts ten bytes of a range of ten, and takes no range and counts none for HEAD", async () => {
  const object = makeStoreObject("left", 3 << 20);
  await put(object.narFile, object.file);
  const before = await sentBytes();
  const answer = await fetch(`${fleet().url}/cache/${object.narFile}`, {
    headers: { Authorization: `Bearer ${fleet().tokens.get("n1") ?? ""}`, Range: "bytes=0-9" },
  });
  await answer.arrayBuffer();
  await eventually("counted", async () => (await sentBytes()) === before + 10);
  const head = await fleet().call(`/cache/${object.narFile}`, {
    method: "HEAD",
    headers: { Range: "bytes=0-9" },
  });
  expect([head.status, head.headers.get("content-length")]).toEqual([200, String(object.file.length)]);
  expect(await sentBytes()).toBe(before + 10);
});

async function sentBytes(): Promise<number> {
  const text = await (await fetch(`${fleet().url}/metrics`)).text();
  return Number(/chimera_cache_sent_bytes_total\{kind="nar"\} (\d+)/.exec(text)?.[1] ?? 0);
}
