/** The six kinds of tampering and what else is done to /etc in both layouts, on real file systems, as root. */
import { execFileSync } from "node:child_process";

import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { useEtcFixture, type FixtureLayout } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";

interface Tampering {
  name: string;
  kind: string;
  tamper: (at: (path: string) => string) => void;
  only?: FixtureLayout;
}

/** Into another file system, where it must. */
function moveAway(path: string, name: string): string {
  const away = join(path, "../..", name);
  execFileSync("mv", [path, away]);
  return away;
}

const tamperings: readonly Tampering[] = [
  {
    name: "a changed copy",
    kind: "content",
    tamper: (at) => writeFileSync(at("sudoers"), "evil ALL=(ALL) ALL\n"),
  },
  {
    name: "a copy changed to other bytes of the same size and time",
    kind: "content",
    tamper: (at) => {
      const { atime, mtime } = lstatSync(at("sudoers"));
      writeFileSync(at("sudoers"), "ROOT ALL=(ALL) ALL\n");
      utimesSync(at("sudoers"), atime, mtime);
    },
  },
  { name: "a deleted link", kind: "missing", tamper: (at) => unlinkSync(at("hostname")) },
  { name: "a deleted copy", kind: "missing", tamper: (at) => unlinkSync(at("sudoers")) },
  {
    name: "a link replaced by a file",
    kind: "replaced-by-file",
    tamper: (at) => {
      unlinkSync(at("ssh/sshd_config"));
      writeFileSync(at("ssh/sshd_config"), "PermitRootLogin yes\n");
    },
  },
  {
    name: "a link replaced by a directory with files",
    kind: "replaced-by-directory",
    tamper: (at) => {
      unlinkSync(at("hostname"));
      mkdirSync(at("hostname/deep"), { recursive: true });
      writeFileSync(at("hostname/deep/file"), "kept\n");
    },
  },
  {
    name: "a copy replaced by a directory",
    kind: "replaced-by-directory",
    tamper: (at) => {
      unlinkSync(at("sudoers"));
      mkdirSync(at("sudoers"));
    },
  },
  {
    name: "a link with another target",
    kind: "wrong-target",
    tamper: (at) => {
      unlinkSync(at("hostname"));
      symlinkSync("/etc/static/mtab", at("hostname"));
    },
  },
  {
    name: "a direct link with another target",
    kind: "wrong-target",
    tamper: (at) => {
      unlinkSync(at("mtab"));
      symlinkSync("/proc/self/mounts", at("mtab"));
    },
  },
  {
    name: "/etc/static that points at another tree",
    kind: "wrong-target",
    only: "classic",
    tamper: (at) => {
      unlinkSync(at("static"));
      symlinkSync("/root", at("static"));
    },
  },
  {
    name: "a copy replaced by a link to the same bytes",
    kind: "replaced-by-link",
    tamper: (at) => {
      symlinkSync(moveAway(at("sudoers"), "elsewhere"), at("sudoers"));
    },
  },
  { name: "a copy with another mode", kind: "mode", tamper: (at) => chmodSync(at("sudoers"), 0o666) },
  { name: "a copy made set-user-id", kind: "mode", tamper: (at) => chmodSync(at("sudoers"), 0o4440) },
  { name: "a copy of another owner", kind: "owner", tamper: (at) => chownSync(at("sudoers"), 4711, 0) },
  {
    name: "a copy of another group",
    kind: "owner",
    tamper: (at) => chownSync(at("cron/jobs/nightly"), 4711, 0),
  },
  {
    name: "a directory on the way replaced by a link",
    kind: "parent",
    tamper: (at) => {
      symlinkSync(moveAway(at("ssh"), "stolen"), at("ssh"));
    },
  },
  {
    name: "a directory on the way replaced by a file",
    kind: "parent",
    tamper: (at) => {
      rmSync(at("cron"), { recursive: true });
      writeFileSync(at("cron"), "in the way\n");
    },
  },
  { name: "a removed directory", kind: "missing", tamper: (at) => rmSync(at("ssh"), { recursive: true }) },
  {
    name: "a directory that was moved away",
    kind: "missing",
    tamper: (at) => void moveAway(at("cron"), "moved"),
  },
];

describe.each(["classic", "overlay"] as const)("in the %s layout", (layout) => {
  const { fixture, pristine, at, types, revertedKinds } = useEtcFixture(layout);
  for (const { name, kind, tamper } of tamperings.filter(({ only = layout }) => only === layout)) {
    test(`${name} is put back by the sweep`, async () => {
      tamper(at);
      const drift = fixture().start();
      await drift.sweepNow();
      expect(snapshotEtc(fixture().etc)).toEqual(pristine());
      expect(revertedKinds()).toContain(kind);
      expect(types()).not.toContain("drift-unreverted");
      const managed = layout === "classic" ? 11 : 10;
      expect(drift.summary()).toMatchObject({ open: [], openCount: 0, managed });
    });

    test(`${name} is put back by the hint alone`, async () => {
      const drift = fixture().start();
      await drift.sweepNow();
      expect(types()).toEqual([]);
      tamper(at);
      await vi.waitFor(() => expect(snapshotEtc(fixture().etc)).toEqual(pristine()), {
        timeout: 5000,
        interval: 5,
      });
      expect(revertedKinds()).toContain(kind);
      expect(types()).not.toContain("alarm");
    });
  }
});
