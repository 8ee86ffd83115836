/** Mounts over what the closure declares, in all layouts: real mounts, as root. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { useEtcFixture } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";

const mount = (...args: string[]): unknown => execFileSync("mount", args);

describe.each(["classic", "overlay", "immutable"] as const)("in the %s layout", (layout) => {
  const { fixture, pristine, at, types, revertedKinds } = useEtcFixture(layout);

  function bind(path: string): string {
    const other = join(fixture().root, `other-${path.replaceAll("/", "-")}`);
    writeFileSync(other, "evil\n");
    mount("--bind", other, at(path));
    return other;
  }

  function bindFolder(path: string): string {
    const other = join(fixture().root, `other-${path}`);
    mkdirSync(other);
    mount("--bind", other, at(path));
    return other;
  }

  test("a file mounted over a copied file is taken away, and nothing is written to it", async () => {
    const other = bind("sudoers");
    await fixture().start().sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(revertedKinds()).toEqual(["covered"]);
    expect(readFileSync(other, "utf8")).toBe("evil\n");
    expect(fixture().events).toMatchObject([
      {
        data: {
          item: {
            path: "/etc/sudoers",
            expected: { type: "file", size: 19 },
            found: { type: "file", size: 5 },
          },
        },
      },
    ]);
  });

  test("a directory mounted over one on the way is taken away, and nothing is written into it", async () => {
    const other = bindFolder("ssh");
    await fixture().start().sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(revertedKinds()).toEqual(["covered"]);
    expect(readdirSync(other)).toEqual([]);
  });

  test("several mounts over each other are all taken away", async () => {
    bindFolder("cron");
    mount("-t", "tmpfs", "tmpfs", at("cron"));
    await fixture().start().sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(revertedKinds()).toEqual(["covered"]);
  });

  test("one that somebody has open is unmounted lazily, and that is said", async () => {
    const other = bindFolder("ssh");
    writeFileSync(join(other, "busy"), "");
    const holder = spawn("sh", ["-c", 'exec 3<"$1"; echo open; read line', "sh", at("ssh/busy")], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    await once(holder.stdout, "data");
    await fixture().start().sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(fixture().events).toMatchObject([
      { type: "drift-reverted", data: { note: expect.stringContaining("lazily") } },
    ]);
    holder.stdin.end("\n");
    await once(holder, "exit");
  });

  test("a new mount is seen without a sweep", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    bind("sudoers");
    await vi.waitFor(() => expect(revertedKinds()).toEqual(["covered"]), { timeout: 5000 });
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
  });

  test("mode report tells it once, and what lies below it is not told as something else", async () => {
    const other = bindFolder("ssh");
    const drift = fixture().start({ mode: "report" });
    await drift.sweepNow();
    await drift.sweepNow();
    expect(types()).toEqual(["drift-found"]);
    expect(drift.summary()).toMatchObject({ openCount: 1, open: [{ path: "/etc/ssh", kind: "covered" }] });
    expect(readdirSync(other)).toEqual([]);
    execFileSync("umount", [at("ssh")]);
    await drift.sweepNow();
    expect(drift.summary()).toMatchObject({ openCount: 0 });
  });

  test("a whole other tree over /etc is taken away, whatever it holds", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    const other = join(fixture().root, "other-etc");
    mkdirSync(other);
    mount("--bind", other, fixture().etc);
    mount("-t", "tmpfs", "tmpfs", fixture().etc);
    await drift.sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(revertedKinds()).toEqual(["covered"]);
    expect(readdirSync(other)).toEqual([]);
  });
});

describe("of the closure's own", () => {
  const { fixture, at, types } = useEtcFixture();

  test("a mount that fstab or a mount unit declares stays", async () => {
    const tree = join(fixture().root, "store/one-etc/etc");
    writeFileSync(join(fixture().root, "store/fstab"), "# mounts\ntmpfs /etc/ssh tmpfs defaults 0 0\n");
    symlinkSync(join(fixture().root, "store/fstab"), join(tree, "fstab"));
    mkdirSync(join(tree, "systemd/system"), { recursive: true });
    writeFileSync(join(tree, "systemd/system/etc-cron.mount"), "[Mount]\nWhat=tmpfs\nWhere=/etc/cron\n");
    symlinkSync("/etc/static/fstab", at("fstab"));
    mount("-t", "tmpfs", "tmpfs", at("ssh"));
    mount("-t", "tmpfs", "tmpfs", at("cron"));
    await fixture().start().sweepNow();
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toContain(` ${at("ssh")} `);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toContain(` ${at("cron")} `);
    // They are where the declared entries belong.
    expect(readdirSync(at("ssh")).toSorted()).toEqual(["authorized_keys.d", "sshd_config"]);
    expect(new Set(types())).toEqual(new Set(["drift-reverted"]));
  });

  test("a directory that is mounted over between the look and the revert is not written to", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    const other = join(fixture().root, "other");
    mkdirSync(other);
    mount("--bind", other, at("ssh"));
    // The hint comes from the file system below: the watch was there first.
    await drift.sweepNow();
    expect(readdirSync(other)).toEqual([]);
    unlinkSync(at("ssh/sshd_config"));
    await vi.waitFor(() => expect(readdirSync(at("ssh"))).toContain("sshd_config"), { timeout: 5000 });
    expect(readdirSync(other)).toEqual([]);
  });
});
