/** The overlay layout: what lies in the upper directory, what the next system makes of it, and an /etc that is gone. */
import { execFileSync } from "node:child_process";
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
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildToplevel, plainDeclaration, useEtcFixture } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";
import { mountOverlay, unmountBelow } from "./overlay-fixture.ts";

describe("with an upper directory", () => {
  const { fixture, pristine, at, types, revertedKinds, sweepOnce } = useEtcFixture("overlay");
  const upper = (path: string): string => join(fixture().root, "upper", path);

  /** As a switch does: another lower directory below the same upper one. */
  function switchTo(name: string, declared: typeof plainDeclaration): string {
    const { root } = fixture();
    const toplevel = buildToplevel(root, name, declared);
    unmountBelow(root);
    mountOverlay({ root, toplevel, layout: "overlay", name: `nixos-etc-metadata.${name}` });
    return toplevel;
  }

  test("links are expected to lead to their sources, and an untouched /etc is as declared", async () => {
    expect(await sweepOnce()).toEqual(pristine());
    expect(readlinkSync(at("hostname"))).toBe(join(fixture().root, "store/one-hostname"));
    expect(fixture().events).toEqual([]);
  });

  test("a whiteout is overwritten through /etc: what remains above equals what is below", async () => {
    unlinkSync(at("hostname"));
    expect(lstatSync(upper("hostname")).isCharacterDevice()).toBe(true);
    expect(await sweepOnce()).toEqual(pristine());
    expect(revertedKinds()).toEqual(["missing"]);
    expect(readlinkSync(upper("hostname"))).toBe(
      readlinkSync(join(fixture().root, "nixos-etc-metadata/hostname")),
    );
  });

  test("an opaque directory hides what is below it, and all of that is put back", async () => {
    rmSync(at("ssh"), { recursive: true });
    mkdirSync(at("ssh"));
    expect(readdirSync(at("ssh"))).toEqual([]);
    expect(await sweepOnce()).toEqual(pristine());
    expect(revertedKinds()).toEqual(["missing", "missing", "missing"]);
  });

  test("what a revert left above is brought up to the next system without being told as drift", async () => {
    unlinkSync(at("hostname"));
    writeFileSync(at("sudoers"), "evil\n");
    let { toplevel } = fixture();
    const drift = fixture().start({ toplevel: () => toplevel });
    await drift.sweepNow();
    expect(revertedKinds()).toEqual(["missing", "content"]);
    toplevel = switchTo("two", {
      ...plainDeclaration,
      hostname: { text: "n2\n" },
      sudoers: { text: "new\n", mode: "0440" },
    });
    // The kernel shows the old ones: they lie above.
    expect(readlinkSync(at("hostname"))).toContain("one-hostname");
    await drift.sweepNow();
    expect(readlinkSync(at("hostname"))).toContain("two-hostname");
    expect(readFileSync(at("sudoers"), "utf8")).toBe("new\n");
    expect(types()).toEqual(["drift-reverted", "drift-reverted"]);
    expect(drift.summary()).toMatchObject({ openCount: 0 });
  });

  test("an agent that is started again still knows what it left, and removes what is declared no more", async () => {
    unlinkSync(at("ssh/sshd_config"));
    const first = fixture().start();
    await first.sweepNow();
    await first.stop();
    const { "ssh/sshd_config": _, ...rest } = plainDeclaration;
    const toplevel = switchTo("two", rest);
    expect(readdirSync(at("ssh"))).toContain("sshd_config");
    await fixture()
      .start({ toplevel: () => toplevel })
      .sweepNow();
    expect(readdirSync(at("ssh"))).not.toContain("sshd_config");
    expect(types()).toEqual(["drift-reverted"]);
  });

  test("what somebody else put above before a switch is drift after it", async () => {
    unlinkSync(at("hostname"));
    let { toplevel } = fixture();
    const drift = fixture().start({ toplevel: () => toplevel });
    await drift.sweepNow();
    toplevel = switchTo("two", plainDeclaration);
    unlinkSync(at("hostname"));
    symlinkSync("/nowhere", at("hostname"));
    await drift.sweepNow();
    expect(revertedKinds()).toEqual(["missing", "wrong-target"]);
    expect(readlinkSync(at("hostname"))).toContain("two-hostname");
  });

  test("without its overlay /etc is told and left alone, and is compared again when the overlay is back", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    execFileSync("umount", ["--lazy", fixture().etc]);
    await drift.sweepNow();
    await drift.sweepNow();
    expect(readdirSync(fixture().etc)).toEqual([]);
    expect(fixture().events).toMatchObject([
      { type: "drift-found", data: { path: "/etc", kind: "unmounted" } },
    ]);
    expect(drift.summary()).toMatchObject({ openCount: 1 });
    const { root, toplevel } = fixture();
    mountOverlay({ root, toplevel, layout: "overlay", name: "nixos-etc-metadata.again" });
    await drift.sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(drift.summary()).toMatchObject({ openCount: 0 });
  });
});

describe("without an upper directory", () => {
  const { fixture, pristine, sweepOnce } = useEtcFixture("immutable");

  test("nothing can be changed, and nothing is found", async () => {
    expect(() => writeFileSync(join(fixture().etc, "sudoers"), "evil\n")).toThrow("EROFS");
    expect(await sweepOnce()).toEqual(pristine());
    expect(fixture().events).toEqual([]);
  });
});
