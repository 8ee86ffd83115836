/** Disks that refuse, names that are odd, and an /etc that somebody filled: on real file systems, as root. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createEtcFixture, plainDeclaration, type EtcFixture } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";

let fixture: EtcFixture;
const at = (path: string): string => join(fixture.etc, path);
const codes = (): string[] =>
  fixture.events.map((event) => (event.type === "drift-unreverted" ? event.data.code : event.type));

describe("on a small disk of its own", () => {
  let disk: string;

  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), "chimera-disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
    fixture = createEtcFixture(plainDeclaration, "classic", disk);
  });

  afterEach(async () => {
    execFileSync("mount", ["-o", "remount,rw", disk]);
    await fixture.remove();
    execFileSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true });
  });

  function fill(): void {
    for (let size = 1 << 20; size >= 1; size = Math.floor(size / 2)) {
      try {
        for (;;) writeFileSync(join(disk, `fill-${size}-${performance.now()}`), Buffer.alloc(size, 1));
      } catch {
        // Full for this size: smaller ones follow.
      }
    }
  }

  test("a full disk is told once, leaves no half file, and all is put back when there is room", async () => {
    const pristine = snapshotEtc(fixture.etc);
    unlinkSync(at("sudoers"));
    fill();
    const drift = fixture.start();
    await drift.sweepNow();
    await drift.sweepNow();
    expect(codes()).toEqual(["no-space"]);
    expect(existsSync(at("sudoers"))).toBe(false);
    expect(readdirSync(fixture.etc).filter((name) => name.startsWith(".chimera-"))).toEqual([]);
    for (const name of readdirSync(disk).filter((one) => one.startsWith("fill-")))
      unlinkSync(join(disk, name));
    await drift.sweepNow();
    expect(snapshotEtc(fixture.etc)).toEqual(pristine);
    expect(drift.summary()).toMatchObject({ openCount: 0 });
  });

  test("a read-only /etc is told once, and all is put back when it can be written to", async () => {
    const pristine = snapshotEtc(fixture.etc);
    unlinkSync(at("sudoers"));
    unlinkSync(at("hostname"));
    execFileSync("mount", ["-o", "remount,ro", disk]);
    const drift = fixture.start();
    await drift.sweepNow();
    await drift.sweepNow();
    expect(codes()).toEqual(["not-permitted", "not-permitted"]);
    execFileSync("mount", ["-o", "remount,rw", disk]);
    await drift.sweepNow();
    expect(snapshotEtc(fixture.etc)).toEqual(pristine);
  });
});

describe("on the usual disk", () => {
  afterEach(() => fixture.remove(), 60_000);

  test("declared names with line breaks, escapes and 255 bytes are put back like any other", async () => {
    const names = ["new\nline", "\u001B[31mred", "x".repeat(255), "日本", "back\\slash", " space "];
    // A copied file's name must leave room for ".mode".
    const odd = names.map((name) => [
      `odd/${name}`,
      name.length > 250 ? { text: "x\n" } : { text: "x\n", mode: "0600" },
    ]);
    fixture = createEtcFixture({ ...plainDeclaration, ...Object.fromEntries(odd) });
    const pristine = snapshotEtc(fixture.etc);
    for (const name of names) unlinkSync(at(`odd/${name}`));
    const drift = fixture.start();
    await drift.sweepNow();
    expect(snapshotEtc(fixture.etc)).toEqual(pristine);
    for (const name of names) {
      unlinkSync(at(`odd/${name}`));
      writeFileSync(at(`odd/${name}`), "evil\n");
    }
    await drift.sweepNow();
    expect(snapshotEtc(fixture.etc)).toEqual(pristine);
    expect(new Set(codes())).toEqual(new Set(["drift-reverted"]));
  });

  test(
    "100,000 files that somebody put into a folder of their own stay, and hinder nothing; what is not looked at is told",
    { timeout: 180_000 },
    async () => {
      fixture = createEtcFixture();
      mkdirSync(at("ssh/pile"));
      for (let index = 0; index < 100_000; index += 1) pile(index, at("ssh/pile"));
      unlinkSync(at("ssh/sshd_config"));
      writeFileSync(at("sudoers"), "evil\n");
      const drift = fixture.start();
      const before = process.memoryUsage().rss;
      await drift.sweepNow();
      expect(readdirSync(at("ssh"))).toContain("sshd_config");
      expect(readFileSync(at("sudoers"), "utf8")).toContain("root");
      expect(readdirSync(at("ssh/pile"))).toHaveLength(100_002);
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2);
      expect(drift.summary()).toMatchObject({ openCount: 0, reverted: 2 });
      expect(codes().filter((code) => code !== "drift-reverted")).toEqual(["alarm"]);
    },
  );

  test(
    "100,000 files that somebody puts into watched folders while it runs hinder nothing, and cost little memory",
    { timeout: 240_000 },
    async () => {
      fixture = createEtcFixture();
      const drift = fixture.start();
      await drift.sweepNow();
      const before = process.memoryUsage().rss;
      let highest = 0;
      for (let index = 0; index < 100_000; index += 1) {
        pile(index, at(index < 50_000 ? "" : "ssh"));
        if (index % 250 !== 0) continue;
        await setImmediate();
        highest = Math.max(highest, process.memoryUsage().rss);
      }
      writeFileSync(at("sudoers"), "evil\n");
      unlinkSync(at("ssh/sshd_config"));
      await vi.waitFor(() => expect(readFileSync(at("sudoers"), "utf8")).toContain("root"), {
        timeout: 60_000,
      });
      await vi.waitFor(() => expect(lstatSync(at("ssh/sshd_config")).isSymbolicLink()).toBe(true), {
        timeout: 60_000,
      });
      await drift.sweepNow();
      highest = Math.max(highest, process.memoryUsage().rss);
      expect((highest - before) / 1024 ** 2).toBeLessThan(150);
      expect(drift.summary()).toMatchObject({ openCount: 0, reverted: 2 });
      // The watch of that folder hears still, or again.
      await vi.waitFor(() => expect(drift.summary().watching).toBe(true), { timeout: 60_000 });
      unlinkSync(at("hostname"));
      await vi.waitFor(() => expect(lstatSync(at("hostname")).isSymbolicLink()).toBe(true), {
        timeout: 60_000,
      });
    },
  );
});

/** A file has at most 65,000 names. */
function pile(index: number, folder: string): void {
  const first = join(folder, index % 2 === 0 ? "pile-even" : "pile-odd");
  if (!existsSync(first)) writeFileSync(first, "");
  linkSync(first, join(folder, `pile-${index}`));
}
