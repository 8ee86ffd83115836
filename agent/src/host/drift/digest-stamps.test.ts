/** When a copied file is read again, by the bytes that this process has read. On a real file system, as root. */
import { chownSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ExpectedEntry } from "../../reconcile/drift/etc-entry.ts";
import { checkNext } from "./check-entry.ts";
import { createDigestStamps, type DigestStamps } from "./digest-stamps.ts";
import { walkDirectories } from "./etc-directory.ts";
import { writeMapped } from "./watching/write-mapped.ts";
import { createEtcFixture, plainDeclaration } from "./etc-fixture.ts";

const size = 4 << 20;
const large = { text: "x".repeat(size), mode: "0644" };
/** As if the file had lain there for long. */
const later = () => Date.now() + 120_000;
const bytesRead = (): number => Number(/^rchar: (\d+)/u.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

async function lookAt(etcDir: string, entry: ExpectedEntry, stamps: DigestStamps) {
  using walk = walkDirectories(etcDir);
  return await checkNext({ etcDir, walk, stamps }, entry);
}

async function open(base?: string) {
  const fixture = createEtcFixture({ ...plainDeclaration, large }, "classic", base);
  const entry = (await fixture.expected()).entries.get("large");
  if (entry === undefined) throw new Error("the fixture lacks the large file");
  return { fixture, entry, file: join(fixture.etc, "large") };
}

test("what did not change is not read again, and whatever is done to it is found", async () => {
  const { fixture, entry, file } = await open();
  const stamps = createDigestStamps(later);
  const look = async () => {
    const before = bytesRead();
    const { kind } = await lookAt(fixture.etc, entry, stamps);
    return { kind, isRead: bytesRead() - before > size };
  };
  expect(await look()).toEqual({ kind: "clean", isRead: true });
  expect(await look()).toEqual({ kind: "clean", isRead: false });
  chownSync(file, 1234, 1234);
  expect((await look()).kind).toBe("drifted");
  chownSync(file, 0, 0);
  expect(await look()).toEqual({ kind: "clean", isRead: true });
  // The same size and the same times as before, as far as anybody can set them.
  const { atime, mtime } = statSync(file);
  writeFileSync(file, "y".repeat(size));
  utimesSync(file, atime, mtime);
  expect(await look()).toEqual({ kind: "drifted", isRead: true });
  writeFileSync(file, large.text);
  await look();
  // Through a map that somebody can write to.
  writeMapped(file, "evil");
  expect(await look()).toEqual({ kind: "drifted", isRead: true });
  await fixture.remove();
});

test("the tenth sweep reads everything, and what is fresh is read each time", async () => {
  const { fixture, entry } = await open();
  const reads = async (stamps: ReturnType<typeof createDigestStamps>) => {
    let count = 0;
    for (let sweep = 0; sweep < 20; sweep += 1) {
      stamps.beginSweep();
      const before = bytesRead();
      await lookAt(fixture.etc, entry, stamps);
      if (bytesRead() - before > size) count += 1;
    }
    return count;
  };
  expect([await reads(createDigestStamps(later)), await reads(createDigestStamps())]).toEqual([3, 20]);
  await fixture.remove();
});

test("on a tmpfs, where a written map moves no time, all is read", async () => {
  const base = "/dev/shm/chimera-stamps";
  mkdirSync(base, { recursive: true });
  const { fixture, entry } = await open(base);
  const stamps = createDigestStamps(later);
  for (const _ of [1, 2]) {
    const before = bytesRead();
    await lookAt(fixture.etc, entry, stamps);
    expect(bytesRead() - before).toBeGreaterThan(size);
  }
  await fixture.remove();
});
