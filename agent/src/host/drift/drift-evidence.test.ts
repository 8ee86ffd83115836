/** What is kept of directories that were put in the place of entries, and when it is not. Real file system, as root. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useEtcFixture } from "./etc-fixture.ts";
import { pathsBelow, snapshotEtc } from "./etc-snapshot.ts";
import { createEvidence } from "./evidence.ts";
import { revertEntry } from "./revert-entry.ts";

const { fixture, pristine, at, sweepOnce } = useEtcFixture();

test("a tree of 10,000 files in the place of a link is kept as evidence", { timeout: 60_000 }, async () => {
  unlinkSync(at("hostname"));
  for (let folder = 0; folder < 100; folder += 1) {
    mkdirSync(at(`hostname/${folder}`), { recursive: true });
    for (let file = 0; file < 100; file += 1) writeFileSync(at(`hostname/${folder}/${file}`), "x");
  }
  expect(await sweepOnce()).toEqual(pristine());
  expect(pathsBelow(join(fixture().stateDir, "evidence"))).toHaveLength(10_000 + 100 + 2);
});

test("evidence on another file system is copied, then the original is removed", async () => {
  const stateDir = join("/dev/shm", `chimera-drift-${process.pid}`);
  unlinkSync(at("hostname"));
  mkdirSync(at("hostname/deep"), { recursive: true });
  writeFileSync(at("hostname/deep/file"), "kept\n");
  symlinkSync("/etc/shadow", at("hostname/link"));
  execFileSync("mkfifo", [at("hostname/pipe")]);
  await fixture().start({ stateDir }).sweepNow();
  const kept = pathsBelow(stateDir).map((path) => path.replace(/^.*content\/?/, ""));
  rmSync(stateDir, { recursive: true });
  expect(snapshotEtc(fixture().etc)).toEqual(pristine());
  expect(kept).toEqual(expect.arrayContaining(["deep", "deep/file", "link"]));
});

test("a directory that is too large for evidence stays, and that is told once", async () => {
  unlinkSync(at("hostname"));
  mkdirSync(at("hostname"));
  for (let file = 0; file < 12; file += 1) writeFileSync(at(`hostname/${file}`), "x");
  const { entries } = await fixture().expected();
  const entry = entries.get("hostname");
  if (entry === undefined) throw new Error("the fixture lacks hostname");
  const evidence = createEvidence(fixture().stateDir, { files: 10, bytes: 1_000_000 });
  const outcome = await revertEntry(
    { etcDir: fixture().etc, evidence, isCurrent: () => true, isWritable: () => true },
    entry,
    {
      uid: 0,
      gid: 0,
    },
  );
  expect(outcome).toMatchObject({ kind: "failed", code: "evidence-full" });
  expect(readdirSync(at("hostname"))).toHaveLength(12);
  expect(readdirSync(fixture().etc).filter((name) => name.startsWith(".chimera-"))).toEqual([]);
});

test("the oldest evidence makes room for the newest", async () => {
  const evidence = createEvidence(fixture().stateDir, { files: 12, bytes: 10_000_000 });
  const entry = (await fixture().expected()).entries.get("hostname");
  if (entry === undefined) throw new Error("the fixture lacks hostname");
  for (const name of ["first", "second", "third"]) {
    unlinkSync(at("hostname"));
    mkdirSync(at("hostname"));
    for (let file = 0; file < 4; file += 1) writeFileSync(at(`hostname/${name}-${file}`), "x");
    const outcome = await revertEntry(
      { etcDir: fixture().etc, evidence, isCurrent: () => true, isWritable: () => true },
      entry,
      {
        uid: 0,
        gid: 0,
      },
    );
    expect(outcome.kind).toBe("reverted");
  }
  const kept = pathsBelow(join(fixture().stateDir, "evidence")).map((path) => path.replace(/^.*\//, ""));
  expect(kept).toContain("third-0");
  expect(kept).toContain("second-0");
  expect(kept).not.toContain("first-0");
});
