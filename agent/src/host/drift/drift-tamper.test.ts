/** The six kinds of tampering and what else is done to /etc, on a real file system, as root. */

import { join } from "node:path";
import { expect, test, vi } from "vitest";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { useEtcFixture } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";

const { fixture, pristine, at, types, revertedKinds } = useEtcFixture();

const tamperings: readonly { name: string; kind: string; tamper: () => void }[] = [
  {
    name: "a changed copy",
    kind: "content",
    tamper: () => writeFileSync(at("sudoers"), "evil ALL=(ALL) ALL\n"),
  },
  {
    name: "a copy changed to other bytes of the same size and time",
    kind: "content",
    tamper: () => {
      const { atime, mtime } = lstatSync(at("sudoers"));
      writeFileSync(at("sudoers"), "ROOT ALL=(ALL) ALL\n");
      utimesSync(at("sudoers"), atime, mtime);
    },
  },
  { name: "a deleted link", kind: "missing", tamper: () => unlinkSync(at("hostname")) },
  { name: "a deleted copy", kind: "missing", tamper: () => unlinkSync(at("sudoers")) },
  {
    name: "a link replaced by a file",
    kind: "replaced-by-file",
    tamper: () => {
      unlinkSync(at("ssh/sshd_config"));
      writeFileSync(at("ssh/sshd_config"), "PermitRootLogin yes\n");
    },
  },
  {
    name: "a link replaced by a directory with files",
    kind: "replaced-by-directory",
    tamper: () => {
      unlinkSync(at("hostname"));
      mkdirSync(at("hostname/deep"), { recursive: true });
      writeFileSync(at("hostname/deep/file"), "kept\n");
    },
  },
  {
    name: "a copy replaced by a directory",
    kind: "replaced-by-directory",
    tamper: () => {
      unlinkSync(at("sudoers"));
      mkdirSync(at("sudoers"));
    },
  },
  {
    name: "a link with another target",
    kind: "wrong-target",
    tamper: () => {
      unlinkSync(at("hostname"));
      symlinkSync("/etc/static/mtab", at("hostname"));
    },
  },
  {
    name: "a direct link with another target",
    kind: "wrong-target",
    tamper: () => {
      unlinkSync(at("mtab"));
      symlinkSync("/proc/self/mounts", at("mtab"));
    },
  },
  {
    name: "/etc/static that points at another tree",
    kind: "wrong-target",
    tamper: () => {
      unlinkSync(at("static"));
      symlinkSync("/root", at("static"));
    },
  },
  {
    name: "a copy replaced by a link to the same bytes",
    kind: "replaced-by-link",
    tamper: () => {
      renameSync(at("sudoers"), join(fixture().root, "elsewhere"));
      symlinkSync(join(fixture().root, "elsewhere"), at("sudoers"));
    },
  },
  { name: "a copy with another mode", kind: "mode", tamper: () => chmodSync(at("sudoers"), 0o666) },
  { name: "a copy made set-user-id", kind: "mode", tamper: () => chmodSync(at("sudoers"), 0o4440) },
  { name: "a copy of another owner", kind: "owner", tamper: () => chownSync(at("sudoers"), 4711, 0) },
  {
    name: "a copy of another group",
    kind: "owner",
    tamper: () => chownSync(at("cron/jobs/nightly"), 4711, 0),
  },
  {
    name: "a directory on the way replaced by a link",
    kind: "parent",
    tamper: () => {
      renameSync(at("ssh"), join(fixture().root, "stolen"));
      symlinkSync(join(fixture().root, "stolen"), at("ssh"));
    },
  },
  {
    name: "a directory on the way replaced by a file",
    kind: "parent",
    tamper: () => {
      rmSync(at("cron"), { recursive: true });
      writeFileSync(at("cron"), "in the way\n");
    },
  },
  { name: "a removed directory", kind: "missing", tamper: () => rmSync(at("ssh"), { recursive: true }) },
  {
    name: "a directory that was moved away",
    kind: "missing",
    tamper: () => renameSync(at("cron"), join(fixture().root, "moved")),
  },
];

for (const { name, kind, tamper } of tamperings) {
  test(`${name} is put back by the sweep`, async () => {
    tamper();
    const drift = fixture().start();
    await drift.sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(revertedKinds()).toContain(kind);
    expect(types()).not.toContain("drift-unreverted");
    expect(drift.summary()).toMatchObject({ open: [], openCount: 0, managed: 11 });
  });

  test(`${name} is put back by the hint alone`, async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    expect(types()).toEqual([]);
    tamper();
    await vi.waitFor(() => expect(snapshotEtc(fixture().etc)).toEqual(pristine()), {
      timeout: 5000,
      interval: 5,
    });
    expect(revertedKinds()).toContain(kind);
  });
}
