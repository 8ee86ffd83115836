/** What is said of whatever names a system: why, which one it must name, what it names, and what is done. */
import { readlinkSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { useShowFixture } from "./show-fixture.ts";

const fixture = useShowFixture();
const at = (path: string) => fixture().at(path);
const write = (path: string, text: string) => fixture().machine.write(path, text);
const other = `/nix/store/${"1".repeat(32)}-nixos-system-other`;

function relink(path: string, target: string): void {
  rmSync(path, { force: true, recursive: true });
  symlinkSync(target, path);
}

const link = (target: string) => ({ type: "symlink" as const, target });

test("another running system is told with ours, and no rule concerns it", async () => {
  const { pointers, settings, machine } = fixture();
  const ours = machine.toplevel;
  settings.policy = { ...settings.policy, stance: { kind: "ignore", why: "rule", by: "head" } };
  const item = {
    path: pointers.current,
    kind: "foreign-system" as const,
    expected: link(ours),
    found: link(other),
  };
  settings.foreign = { items: [item], judged: [pointers.current, pointers.profile], why: null };
  relink(pointers.current, other);
  expect(await fixture().show(pointers.current)).toMatchObject({
    explanation: { kind: "managed", part: "pointers", toplevel: ours, expected: link(ours) },
    open: item,
    now: link(other),
    stance: { mode: "revert", setBy: "default", change: expect.stringContaining("drift.classes.pointers") },
    content: { kind: "not-shown", reason: "what differs there is no file" },
  });
  relink(pointers.profile, "system-1-link");
  expect(await fixture().explain(pointers.profile)).toMatchObject({
    explanation: {
      kind: "managed",
      expected: link(ours),
      because: expect.stringContaining("newest system"),
    },
    open: null,
    now: link("system-1-link"),
  });
  expect((await fixture().explain(pointers.bootDefault)).explanation).toMatchObject({
    kind: "unknown",
    reason: expect.stringContaining("nothing that runs is committed"),
  });
});

test("the shell is explained by the activation script, or as nobody's", async () => {
  const sh = at("bin/sh");
  write("bin/.keep", "");
  symlinkSync("/tmp/evil", sh);
  expect((await fixture().explain(sh)).explanation).toMatchObject({ kind: "undeclared", part: "pointers" });
  const target = `/nix/store/${"3".repeat(32)}-bash/bin/sh`;
  write("store/system/activate", `ln -sfn "${target}" /bin/.sh.tmp\nmv /bin/.sh.tmp /bin/sh\n`);
  expect(await fixture().explain(sh)).toMatchObject({
    explanation: { kind: "managed", expected: link(target), because: expect.stringContaining("activation") },
    open: { kind: "wrong-target", found: link("/tmp/evil") },
    stance: { mode: "revert" },
  });
});

test("a system that somebody booted is left in this boot, and that is said", async () => {
  const { pointers, settings, machine } = fixture();
  const item = {
    path: pointers.current,
    kind: "foreign-system" as const,
    expected: link(machine.toplevel),
    found: link(other),
  };
  settings.foreign = { items: [item], judged: [pointers.current], why: "left in this boot" };
  expect(await fixture().explain(pointers.current)).toMatchObject({
    open: item,
    stance: { mode: "report", setBy: "agent", why: "left in this boot" },
  });
});

test("while a change of ours is under way nothing is claimed of them", async () => {
  fixture().settings.foreign = null;
  for (const path of Object.values(fixture().pointers))
    expect((await fixture().explain(path)).explanation).toMatchObject({
      kind: "unknown",
      reason: "a change of ours is under way",
    });
});

test("a link to the running system that names none is made again, as rules say", async () => {
  const { pointers, machine, settings } = fixture();
  unlinkSync(pointers.current);
  settings.policy = { ...settings.policy, stance: { kind: "report", why: "rule", by: "module" } };
  expect(await fixture().explain(pointers.current)).toMatchObject({
    explanation: { kind: "managed", expected: link(machine.toplevel) },
    open: { kind: "missing", path: pointers.current },
    stance: { mode: "report", setBy: "module" },
  });
});

test("roots of the system and of the agent are managed, those of others are not", async () => {
  const [root, own] = [at("nix/gcroots/current-system"), at("nix/gcroots/chimera/wanted")];
  symlinkSync(other, own);
  const right = { kind: "managed", part: "pointers", expected: link("/run/current-system") };
  expect(await fixture().explain(root)).toMatchObject({ explanation: right, open: null });
  expect(await fixture().explain(own)).toMatchObject({
    explanation: { expected: link(other) },
    open: null,
  });
  relink(root, other);
  // What it was when the agent came to rest: the look before knows.
  relink(own, fixture().machine.toplevel);
  expect(await fixture().explain(root)).toMatchObject({
    explanation: right,
    open: { kind: "wrong-target" },
  });
  expect(await fixture().explain(own)).toMatchObject({
    open: { kind: "wrong-target", expected: link(other) },
  });
  fixture().settings.isResting = false;
  expect((await fixture().explain(own)).explanation.kind).toBe("unknown");
  for (const path of ["nix/gcroots/auto/x", "nix/profiles/per-user/anna/profile"])
    expect((await fixture().explain(at(path))).explanation).toMatchObject({
      kind: "undeclared",
      part: "pointers",
    });
  expect(readlinkSync(root)).toBe(other);
});

test("a root that nothing makes may be missing, and a container does not know what was started", async () => {
  write("store/system/init", "\u007fELF");
  unlinkSync(at("nix/gcroots/booted-system"));
  expect((await fixture().explain(at("nix/gcroots/booted-system"))).explanation).toMatchObject({
    kind: "undeclared",
    because: expect.stringContaining("may be missing"),
  });
  write("run/systemd/container", "lxc\n");
  expect((await fixture().explain(at("run/booted-system"))).explanation).toMatchObject({
    kind: "unknown",
    reason: expect.stringContaining("container"),
  });
});
