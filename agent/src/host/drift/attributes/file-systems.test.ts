/** Attributes on the file systems that have some of their own; each on a loop device, as root. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createEtcFixture, plainDeclaration } from "../etc-fixture.ts";
import { snapshotEtc } from "../etc-snapshot.ts";
import { unmountBelow } from "../overlay-fixture.ts";

const mebibyte = 1 << 20;
const run = (file: string, ...args: string[]): string =>
  execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

/** `flags`: of a file and a folder, as they are before anybody tampers. */
const fileSystems = [
  {
    type: "btrfs",
    mebibytes: 128,
    options: "loop,nodatacow",
    prepare(folder: string) {
      run("chattr", "+c", folder);
      run("setfattr", "-n", "btrfs.compression", "-v", "zstd", folder);
    },
    flags: /^-+C-* \S+\n-+c-* /u,
    names: /^btrfs.compression$/mu,
  },
  {
    type: "xfs",
    mebibytes: 320,
    options: "loop",
    prepare: () => undefined,
    flags: /^-+ \S+\n-+ /u,
    names: /^$/u,
  },
];
const undo: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

/** Null where it cannot be made or mounted here. */
function mountFresh({ type, mebibytes, options }: (typeof fileSystems)[number]): string | null {
  const folder = mkdtempSync(join(tmpdir(), `chimera-${type}-`));
  undo.push(() => rmSync(folder, { recursive: true }));
  const [image, target] = [join(folder, "image"), join(folder, "mounted")];
  writeFileSync(image, "");
  truncateSync(image, mebibytes * mebibyte);
  mkdirSync(target);
  const made = spawnSync(`mkfs.${type}`, ["-q", image]);
  if (made.error !== undefined || made.status !== 0) return null;
  if (spawnSync("mount", ["-t", type, "-o", options, image, target]).status !== 0) return null;
  undo.push(() => unmountBelow(folder));
  return target;
}

describe.each(fileSystems)("on $type", (fileSystem) => {
  test("what the file system sets itself is no drift, and a flag and an ACL are", async (context) => {
    const base = mountFresh(fileSystem);
    if (base === null) return context.skip(`${fileSystem.type} cannot be made and mounted here`);
    const fixture = createEtcFixture(plainDeclaration, "classic", base);
    undo.push(() => fixture.remove());
    const [file, folder] = [join(fixture.etc, "sudoers"), join(fixture.etc, "ssh")];
    fileSystem.prepare(folder);
    expect(run("lsattr", "-d", file, folder)).toMatch(fileSystem.flags);
    const pristine = snapshotEtc(fixture.etc);
    const drift = fixture.start();
    await drift.sweepNow();
    expect(fixture.events).toEqual([]);
    run("chattr", "+i", file);
    run("setfattr", "-n", "user.note", "-v", "mine", folder);
    await drift.sweepNow();
    const found = fixture.events.flatMap((event) =>
      event.type === "drift-reverted" ? [event.data.item.found.attributes] : [],
    );
    expect(found).toEqual(expect.arrayContaining([["immutable"], ["user.note"]]));
    expect(found).toHaveLength(2);
    expect(snapshotEtc(fixture.etc)).toEqual(pristine);
    expect(run("getfattr", "-m", "-", folder)).toMatch(fileSystem.names);
  });
});
