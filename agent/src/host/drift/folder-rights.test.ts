/** Folders of /etc that others than root may write to. */
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { useEtcFixture } from "./etc-fixture.ts";

const { fixture, at } = useEtcFixture();

test("a declared folder, or /etc itself, that others may write to is root's again, and a closed one stays closed", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  chmodSync(at(""), 0o777);
  chmodSync(at("ssh"), 0o1777);
  chownSync(at("cron"), 1000, 1000);
  chmodSync(at("cron/jobs"), 0o700);
  await drift.sweepNow();
  expect(["", "ssh", "cron", "cron/jobs"].map(rights)).toEqual([
    "0755 0:0",
    "1755 0:0",
    "0755 0:0",
    "0700 0:0",
  ]);
  expect(kinds()).toEqual(["/etc mode", "/etc/cron owner", "/etc/ssh mode"]);
  expect(drift.summary()).toMatchObject({ openCount: 0 });
});

test("what is told says what it would be, and is over when somebody mends it", async () => {
  const drift = fixture().start({ mode: "report" });
  chmodSync(at("ssh"), 0o777);
  await drift.sweepNow();
  expect(drift.summary().open).toMatchObject([
    {
      path: "/etc/ssh",
      kind: "mode",
      expected: { type: "directory", mode: "0755", uid: 0, gid: 0 },
      found: { type: "directory", mode: "0777", uid: 0, gid: 0 },
    },
  ]);
  chmodSync(at("ssh"), 0o755);
  await drift.sweepNow();
  expect(drift.summary().openCount).toBe(0);
});

test("what the closure's tmpfiles.d gives to others, what nobody declared, and what a declared mount brings is left alone", async () => {
  const tree = join(fixture().root, "store/one-etc/etc");
  mkdirSync(join(tree, "tmpfiles.d"));
  writeFileSync(join(tree, "tmpfiles.d/00-nixos.conf"), "d /etc/ssh 0770 keeper keepers -\n");
  writeFileSync(join(tree, "fstab"), "");
  chownSync(at("ssh"), 4711, 4712);
  mkdirSync(at("mine"));
  chmodSync(at("mine"), 0o777);
  await fixture().start().sweepNow();
  expect([rights("ssh"), rights("mine"), kinds()]).toEqual(["0755 4711:4712", "0777 0:0", []]);
  execFileSync("mount", ["--bind", at("ssh"), at("cron")]);
  const drift = fixture().start({ mounts: "report" });
  await drift.sweepNow();
  expect(rights("cron")).toBe("0755 4711:4712");
  execFileSync("umount", [at("cron")]);
});

function rights(path: string): string {
  const { mode, uid, gid } = statSync(at(path));
  return `${(mode & 0o7777).toString(8).padStart(4, "0")} ${uid}:${gid}`;
}

function kinds(): string[] {
  return fixture()
    .events.flatMap(({ type, data }) =>
      type === "drift-reverted" ? [`${data.item.path} ${data.item.kind}`] : [],
    )
    .toSorted();
}
