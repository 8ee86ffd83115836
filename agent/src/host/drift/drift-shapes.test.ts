/** Shapes of entries and of leftovers in the classic layout that the table of tamperings does not have. */
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { useEtcFixture } from "./etc-fixture.ts";
import { pathsBelow } from "./etc-snapshot.ts";

const { fixture, at, types, revertedKinds } = useEtcFixture();
const inTree = (path: string): string => join(fixture().root, "store/one-etc/etc", path);

describe("a whole directory that is one link", () => {
  const link = "/etc/static/systemd/system";

  function declareUnits(): void {
    const units = join(fixture().root, "store/units");
    mkdirSync(units);
    writeFileSync(join(units, "a.service"), "[Service]\n");
    for (const path of [inTree("systemd/system"), at("systemd/system")])
      mkdirSync(dirname(path), { recursive: true });
    symlinkSync(units, inTree("systemd/system"));
    symlinkSync(link, at("systemd/system"));
  }

  test("that somebody made a real directory of, to change one file in it, is put back", async () => {
    declareUnits();
    unlinkSync(at("systemd/system"));
    mkdirSync(at("systemd/system"));
    writeFileSync(at("systemd/system/a.service"), "[Service]\nExecStart=/evil\n");
    await fixture().start().sweepNow();
    expect(readlinkSync(at("systemd/system"))).toBe(link);
    expect(revertedKinds()).toEqual(["replaced-by-directory"]);
    const kept =
      pathsBelow(join(fixture().stateDir, "evidence")).find((path) => path.endsWith("a.service")) ?? "none";
    expect(readFileSync(kept, "utf8")).toContain("evil");
  });

  test("that leads to another directory is put back, and its parent too", async () => {
    declareUnits();
    renameSync(at("systemd"), at("systemd.away"));
    mkdirSync(join(fixture().root, "elsewhere"));
    symlinkSync(join(fixture().root, "elsewhere"), at("systemd"));
    await fixture().start().sweepNow();
    expect(lstatSync(at("systemd")).isDirectory()).toBe(true);
    expect(readlinkSync(at("systemd/system"))).toBe(link);
    expect(pathsBelow(join(fixture().root, "elsewhere"))).toEqual([]);
  });
});

test("a parent of a parent that became a link, a file or nothing is put back with all below it", async () => {
  const wanted = readFileSync(at("cron/jobs/nightly"), "utf8");
  const drift = fixture().start();
  const spoil = [
    () => symlinkSync("/root", at("cron")),
    () => symlinkSync("cron", at("cron")),
    () => writeFileSync(at("cron"), ""),
    () => {},
  ];
  for (const put of spoil) {
    rmSync(at("cron"), { recursive: true });
    put();
    await drift.sweepNow();
    expect(readFileSync(at("cron/jobs/nightly"), "utf8")).toBe(wanted);
  }
  expect(types()).not.toContain("drift-unreverted");
});

describe("/etc/.clean", () => {
  const list = "cron/jobs/nightly\nmtab\nssh/authorized_keys.d/root\nsudoers\n";
  const spoilt: readonly [string, string, () => void][] = [
    ["without a line", "content", () => writeFileSync(at(".clean"), "mtab\n")],
    [
      "with a line too many, which costs the machine a file",
      "content",
      () => writeFileSync(at(".clean"), `${list}passwd\n`),
    ],
    ["that is gone", "missing", () => unlinkSync(at(".clean"))],
    [
      "that is a link",
      "replaced-by-link",
      () => {
        unlinkSync(at(".clean"));
        symlinkSync("/root/clean", at(".clean"));
      },
    ],
  ];

  test.each(spoilt)("%s is put back when two sweeps found it so", async (_, kind, spoil) => {
    const drift = fixture().start();
    await drift.sweepNow();
    expect(readFileSync(at(".clean"), "utf8")).toBe(list);
    spoil();
    await drift.sweepNow();
    expect(types()).toEqual([]);
    await drift.sweepNow();
    expect(readFileSync(at(".clean"), "utf8")).toBe(list);
    expect(revertedKinds()).toEqual([kind]);
    expect(drift.summary()).toMatchObject({ openCount: 0 });
  });

  test("that an activation appends to while it runs is no difference", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    writeFileSync(at(".clean"), `${list}mtab\n`);
    await drift.sweepNow();
    writeFileSync(at(".clean"), `${list}mtab\nsudoers\n`);
    await drift.sweepNow();
    writeFileSync(at(".clean"), list);
    await drift.sweepNow();
    expect(types()).toEqual([]);
  });
});

test("no tampering with /etc while a switch runs is told, whichever way it was noticed", async () => {
  let isSwitching = false;
  const drift = fixture().start({ isSwitching: () => isSwitching });
  await drift.sweepNow();
  isSwitching = true;
  const before = readFileSync(at("sudoers"), "utf8");
  writeFileSync(at("sudoers"), "half of the next one\n");
  unlinkSync(at("static"));
  writeFileSync(at(".clean"), "");
  // Hints came and were put off; sweeps are put off too.
  for (let round = 0; round < 5; round += 1) await drift.sweepNow();
  expect(types()).toEqual([]);
  writeFileSync(at("sudoers"), before);
  symlinkSync(inTree(""), at("static"));
  unlinkSync(at("static"));
  symlinkSync(join(fixture().root, "store/one-etc/etc"), at("static"));
  writeFileSync(at(".clean"), "cron/jobs/nightly\nmtab\nssh/authorized_keys.d/root\nsudoers\n");
  isSwitching = false;
  await vi.waitFor(() => expect(drift.summary().openCount).toBe(0));
  await drift.sweepNow();
  expect(types()).toEqual([]);
});
