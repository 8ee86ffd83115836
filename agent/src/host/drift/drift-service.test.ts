/** The service around the reverts: evidence, events, modes, switches; on a real file system, as root. */
import { NodeEventBody } from "@chimera/proto/event";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { activate, useEtcFixture } from "./etc-fixture.ts";
import { pathsBelow, snapshotEtc } from "./etc-snapshot.ts";

const { fixture, pristine, at, types, revertedKinds } = useEtcFixture();

function evidence(): string[] {
  return pathsBelow(join(fixture().stateDir, "evidence"));
}

test("a directory in the way is kept as evidence, readable by root only", async () => {
  unlinkSync(at("hostname"));
  mkdirSync(at("hostname/deep"), { recursive: true });
  writeFileSync(at("hostname/deep/file"), "kept\n");
  await fixture().start().sweepNow();
  const kept = evidence().find((path) => path.endsWith("-hostname/content/deep/file")) ?? "none";
  expect(readFileSync(kept, "utf8")).toBe("kept\n");
  expect(lstatSync(join(fixture().stateDir, "evidence")).mode & 0o777).toBe(0o700);
});

test("a file in the place of a directory is kept as evidence", async () => {
  rmSync(at("cron"), { recursive: true });
  writeFileSync(at("cron"), "in the way\n");
  await fixture().start().sweepNow();
  const kept = evidence().find((path) => path.endsWith("-cron/content")) ?? "none";
  expect(readFileSync(kept, "utf8")).toBe("in the way\n");
});

test("a revert is told with path, kind, digests and time, and never with content", async () => {
  writeFileSync(at("sudoers"), "evil ALL=(ALL) ALL\n");
  await fixture().start().sweepNow();
  expect(fixture().events).toHaveLength(1);
  const [event] = fixture().events;
  expect(NodeEventBody.parse(event)).toMatchObject({
    type: "drift-reverted",
    data: {
      item: {
        path: "/etc/sudoers",
        kind: "content",
        expected: {
          type: "file",
          mode: "0440",
          uid: 0,
          gid: 0,
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        found: { type: "file", size: 19, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
      ms: expect.any(Number),
    },
  });
  expect(JSON.stringify(event)).not.toContain("evil");
});

test("a stale link of an earlier generation is removed, and nobody else's", async () => {
  symlinkSync("/etc/static/old", at("old"));
  symlinkSync("/etc/static/old", at("by-hand"));
  symlinkSync("/nowhere", at("dangling"));
  mkdirSync(at("unmanaged"));
  symlinkSync("/etc/static/unmanaged/old", at("unmanaged/old"));
  await fixture().start().sweepNow();
  expect(readdirSync(fixture().etc).toSorted()).toContain("by-hand");
  expect(readdirSync(fixture().etc)).toContain("dangling");
  expect(readdirSync(fixture().etc)).not.toContain("old");
  expect(readdirSync(at("unmanaged"))).toEqual([]);
  expect(revertedKinds()).toEqual(["stale", "stale"]);
});

test("what a killed agent left under a temporary name is removed", async () => {
  const name = `.chimera-${"0123456789ab".repeat(2)}`;
  writeFileSync(at(name), "half");
  mkdirSync(at(`ssh/${name}/deep`), { recursive: true });
  await fixture().start().sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(pristine());
  expect(fixture().events).toEqual([]);
});

test("nothing undeclared is touched, and nothing that the allow list names", async () => {
  for (const path of ["nixos/configuration.nix", "NetworkManager/system-connections/home", "mine/file"]) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), "local\n");
  }
  symlinkSync("/etc/static/nixos/old.nix", at("nixos/old.nix"));
  for (const name of ["machine-id", "adjtime", "shadow", "resolv.conf"]) writeFileSync(at(name), "local\n");
  const before = snapshotEtc(fixture().etc);
  await fixture().start().sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(before);
  expect(fixture().events).toEqual([]);
});

test("a configured glob leaves its entries alone", async () => {
  unlinkSync(at("ssh/sshd_config"));
  unlinkSync(at("hostname"));
  const drift = fixture().start({ ignore: [{ glob: "/etc/ssh/**", reason: "managed by hand for now" }] });
  await drift.sweepNow();
  expect(readdirSync(at("ssh"))).not.toContain("sshd_config");
  expect(readlinkSync(at("hostname"))).toBe("/etc/static/hostname");
});

test("mode report tells each drift once and changes nothing", async () => {
  unlinkSync(at("hostname"));
  const before = snapshotEtc(fixture().etc);
  const drift = fixture().start({ mode: "report" });
  await drift.sweepNow();
  await drift.sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(before);
  expect(types()).toEqual(["drift-found"]);
  expect(drift.summary()).toMatchObject({
    openCount: 1,
    reverted: 0,
    open: [{ path: "/etc/hostname", kind: "missing" }],
  });
  activate(fixture().toplevel, fixture().etc);
  await drift.sweepNow();
  expect(drift.summary()).toMatchObject({ openCount: 0, open: [] });
});

test("mode ignore does not look", async () => {
  unlinkSync(at("hostname"));
  const drift = fixture().start({ mode: "ignore" });
  await drift.sweepNow();
  expect(fixture().events).toEqual([]);
  expect(drift.summary()).toMatchObject({ managed: 0, openCount: 0 });
});

test("an owner name is looked up when it is compared", async () => {
  writeFileSync(at("passwd"), "root:x:0:0::/root:/bin/sh\nkeeper:x:5000:4712:::\n");
  await fixture().start().sweepNow();
  expect(lstatSync(at("cron/jobs/nightly")).uid).toBe(5000);
  expect(revertedKinds()).toEqual(["owner"]);
});

test("an owner name that nobody knows is not compared", async () => {
  writeFileSync(at("passwd"), "root:x:0:0::/root:/bin/sh\n");
  await fixture().start().sweepNow();
  expect(fixture().events).toEqual([]);
});
