/** Flags, ACLs and extended attributes on what was declared without them; real tools on a real file system, as root. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { lsattrWords } from "../../reconcile/drift/attribute-answers.ts";
import { createAttributeBook } from "./attributes/attribute-book.ts";
import { createEtcFixture, plainDeclaration, useEtcFixture } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";

const tool = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: "utf8" });
const flagsOf = (path: string): string => tool("lsattr", "-d", path).split(" ")[0] ?? "";
/** Two entries of an ACL as the kernel stores it: owner rw-, user 4711 rwx, group r--, mask rwx, other ---. */
const acl = "0sAgAAAAEABgD/////AgAHAGcSAAAEAAQA/////xAABwD/////IAAAAP////8=";

describe("in the classic layout", () => {
  const { fixture, pristine, at, revertedKinds, types } = useEtcFixture();
  const found = (): unknown[] =>
    fixture().events.flatMap((event) =>
      event.type === "drift-reverted" ? [event.data.item.found.attributes] : [],
    );
  const notes = (): string =>
    fixture()
      .events.flatMap((event) => (event.type === "drift-reverted" ? [event.data.note ?? ""] : []))
      .join("\n");

  test("an immutable file with other content is put back, and the flag that was taken off is told", async () => {
    writeFileSync(at("sudoers"), "evil\n");
    tool("chattr", "+i", at("sudoers"));
    const drift = fixture().start();
    await drift.sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(flagsOf(at("sudoers"))).not.toMatch(/[ia]/);
    expect(revertedKinds()).toEqual(["content"]);
    expect(notes()).toContain("/etc/sudoers was immutable");
    expect(drift.summary()).toMatchObject({ openCount: 0 });
  });

  test.each(["+i", "+a"])("a file that is only %s is drift of its own", async (flag) => {
    tool("chattr", flag, at("sudoers"));
    await fixture().start().sweepNow();
    expect(revertedKinds()).toEqual(["attributes"]);
    expect(found()).toEqual([[flag === "+i" ? "immutable" : "append-only"]]);
    expect(flagsOf(at("sudoers"))).not.toMatch(/[ia]/);
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
  });

  test("an immutable directory on the way hinders nothing", async () => {
    unlinkSync(at("ssh/sshd_config"));
    tool("chattr", "+i", at("ssh"));
    await fixture().start().sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(flagsOf(at("ssh"))).not.toContain("i");
  });

  test("an immutable /etc is found, and hinders a hint no more than a sweep", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    unlinkSync(at("hostname"));
    tool("chattr", "+i", fixture().etc);
    await drift.sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    tool("chattr", "+i", fixture().etc);
    await drift.sweepNow();
    expect(revertedKinds()).toContain("attributes");
    expect(flagsOf(fixture().etc)).not.toContain("i");
  });

  test("an ACL that lets somebody write to a copied file goes", async () => {
    tool("setfattr", "-n", "system.posix_acl_access", "-v", acl, at("sudoers"));
    await fixture().start().sweepNow();
    expect(tool("getfattr", "-m", "-", at("sudoers"))).toBe("");
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(types()).toEqual(["drift-reverted"]);
  });

  test("a directory's default ACL and other attributes go, and what is in it stays", async () => {
    tool("setfattr", "-n", "system.posix_acl_default", "-v", acl, at("ssh"));
    tool("setfattr", "-n", "user.note", "-v", "mine", at("ssh"));
    writeFileSync(at("ssh/mine"), "stays\n");
    await fixture().start().sweepNow();
    expect(found()).toEqual([["system.posix_acl_default", "user.note"]]);
    expect(tool("getfattr", "-m", "-", at("ssh"))).toBe("");
    expect(readFileSync(at("ssh/mine"), "utf8")).toBe("stays\n");
  });

  test("mode report tells it once and changes nothing; a file that is written meanwhile has none of it", async () => {
    tool("setfattr", "-n", "user.note", "-v", "mine", at("sudoers"));
    const drift = fixture().start({ mode: "report" });
    await drift.sweepNow();
    await drift.sweepNow();
    expect(types()).toEqual(["drift-found"]);
    expect(drift.summary()).toMatchObject({ openCount: 1, open: [{ kind: "attributes" }] });
    tool("setfattr", "-x", "user.note", at("sudoers"));
    await drift.sweepNow();
    expect(drift.summary()).toMatchObject({ openCount: 0 });
  });

  test("evidence that somebody made immutable gives way all the same", async () => {
    unlinkSync(at("hostname"));
    mkdirSync(at("hostname/deep"), { recursive: true });
    writeFileSync(at("hostname/deep/file"), "kept\n");
    tool("chattr", "+i", at("hostname/deep/file"));
    await fixture().start().sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    const unfinished = at(`.chimera-${"0123456789ab".repeat(2)}`);
    mkdirSync(unfinished);
    writeFileSync(join(unfinished, "file"), "");
    tool("chattr", "+i", join(unfinished, "file"), unfinished);
    await fixture().start().sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
  });

  test("a tool that is not installed is named, and the other one is asked all the same", async () => {
    tool("chattr", "+i", at("sudoers"));
    const flags = { file: "lsattr", options: ["-d"], words: lsattrWords };
    const absent = { file: "chimera-has-no-such-tool", options: [], words: lsattrWords };
    const book = createAttributeBook(fixture().etc, [absent, flags]);
    expect(await book.refresh(["sudoers", "ssh", "hostname"])).toMatchObject({
      missing: ["chimera-has-no-such-tool"],
      leftOut: 0,
    });
    expect(book.of("sudoers")).toEqual(["immutable"]);
    tool("chattr", "-i", at("sudoers"));
    // What changed since the look is not what was looked at.
    expect(book.of("sudoers")).toEqual([]);
  });

  /** As lsattr, once it answers: it counts its calls and fails the first of them. */
  function flaky(failures: number) {
    const [file, calls] = [join(fixture().root, "flaky"), join(fixture().root, "calls")];
    const script = `#!/bin/sh\necho >> ${calls}\n[ $(wc -l < ${calls}) -le ${failures} ] && exit 1\nexec lsattr "$@"\n`;
    writeFileSync(file, script, { mode: 0o755 });
    return { file, options: ["-d"], words: lsattrWords };
  }

  test("a tool that fails once is asked again at the next look, and no more once it has answered", async () => {
    tool("chattr", "+i", at("sudoers"));
    const book = createAttributeBook(fixture().etc, [flaky(1)]);
    expect(await book.refresh(["sudoers", "ssh"])).toEqual({ missing: [], leftOut: 0, unanswered: [] });
    expect(book.of("sudoers")).toEqual([]);
    await book.refresh(["sudoers", "ssh"]);
    expect(book.of("sudoers")).toEqual(["immutable"]);
    await book.refresh(["sudoers", "ssh"]);
    expect(readFileSync(join(fixture().root, "calls"), "utf8")).toBe("\n\n");
  });

  test("a tool that does not answer three times in a row is told, until it does", async () => {
    const book = createAttributeBook(fixture().etc, [flaky(3)]);
    const looks = [1, 2, 3, 4].map(() => ["sudoers", "ssh"]);
    const silent: (readonly string[])[] = [];
    for (const paths of looks) silent.push((await book.refresh(paths)).unanswered);
    expect(silent).toEqual([[], [], ["sudoers", "ssh"], []]);
  });

  test("with more paths than are looked at the known ones are seen still, and others once these are no more", async () => {
    const paths = Array.from({ length: 12 }, (_, index) => `many-${index}`);
    for (const path of paths) writeFileSync(at(path), "");
    const flags = { file: "lsattr", options: ["-d"], words: lsattrWords };
    const book = createAttributeBook(fixture().etc, [flags], 8);
    expect(await book.refresh(paths)).toEqual({ missing: [], leftOut: 4, unanswered: [] });
    tool("chattr", "+i", at("many-3"), at("many-9"));
    expect(book.isStale("many-3")).toBe(true);
    await book.refresh(paths);
    expect([book.of("many-3"), book.of("many-9")]).toEqual([["immutable"], []]);
    // As a new closure declares others: what is no path any more takes no room.
    expect(await book.refresh(paths.slice(6))).toEqual({ missing: [], leftOut: 0, unanswered: [] });
    expect(book.of("many-9")).toEqual(["immutable"]);
    tool("chattr", "-i", at("many-3"), at("many-9"));
  });

  test("what is left out is an alarm", async () => {
    const declared = Array.from({ length: 4200 }, (_, index) => [
      `many/${index}`,
      { text: "x\n", mode: "0600" },
    ]);
    const other = createEtcFixture({ ...plainDeclaration, ...Object.fromEntries(declared) });
    await other.start().sweepNow();
    expect(other.events).toEqual([
      { type: "alarm", data: { code: "attributes-unseen", message: expect.stringContaining("so many") } },
    ]);
    await other.remove();
  }, 60_000);

  test.each([
    { what: "an attribute", path: "sudoers", argv: ["setfattr", "-n", "user.note", "-v", "mine"] },
    { what: "a default ACL", path: "ssh", argv: ["setfattr", "-n", "system.posix_acl_default", "-v", acl] },
    {
      what: "an attribute",
      path: "ssh/authorized_keys.d",
      argv: ["setfattr", "-n", "user.note", "-v", "mine"],
    },
  ])("$what on $path is put back at its hint, not only by the sweep", async ({ path, argv }) => {
    const drift = fixture().start();
    await drift.sweepNow();
    const [file = "", ...args] = argv;
    tool(file, ...args, at(path));
    await vi.waitFor(() => expect(revertedKinds()).toEqual(["attributes"]), { timeout: 5000 });
    expect(flagsOf(at(path))).not.toMatch(/[ia]/);
    expect(tool("getfattr", "-m", "-", at(path))).toBe("");
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
  });

  test("a look at a clean /etc asks the tools once", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    const started = performance.now();
    await drift.sweepNow();
    // A call of a tool takes longer than that.
    expect(performance.now() - started).toBeLessThan(50);
    expect(types()).toEqual([]);
  });
});

describe("in the overlay layout", () => {
  const { fixture, pristine, at, revertedKinds } = useEtcFixture("overlay");

  test("an immutable file with other content is put back", async () => {
    writeFileSync(at("sudoers"), "evil\n");
    tool("chattr", "+i", at("sudoers"));
    await fixture().start().sweepNow();
    expect(snapshotEtc(fixture().etc)).toEqual(pristine());
    expect(revertedKinds()).toEqual(["content"]);
  });

  test("an attribute goes with the file that bears it", async () => {
    tool("setfattr", "-n", "user.note", "-v", "mine", at("sudoers"));
    await fixture().start().sweepNow();
    expect(tool("getfattr", "-m", "-", at("sudoers"))).toBe("");
    expect(revertedKinds()).toEqual(["attributes"]);
  });
});
