/** What a signed order sees of overrides of units: those that are there, and those that were taken away. */
import { spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { ShownFacts } from "@chimera/proto/drift-shown";
import { useShowFixture } from "./show-fixture.ts";

const fixture = useShowFixture();
const at = (path: string) => fixture().at(path);
const write = (path: string, text = "[Service]\nEnvironment=EVIL=1\n") => fixture().machine.write(path, text);
const textOf = ({ content }: ShownFacts): unknown => {
  if (content.kind === "not-shown") return content.reason;
  const [expected, found] = [content.expected, content.found].map((side) =>
    side === null ? null : Buffer.from(side.base64, "base64").toString(),
  );
  return [expected, found];
};
const dropIn = "run/systemd/system/app.service.d/x.conf";

test("an override that is only reported is shown with what it overrides, its text, and how to have it put back", async () => {
  const path = write(dropIn);
  const shown = await fixture().show(path);
  expect(shown).toMatchObject({
    explanation: {
      kind: "managed",
      part: "units",
      entry: at("store/system/etc/systemd/system/app.service"),
      expected: { type: "missing" },
      because: expect.stringContaining("systemd reads it with app.service"),
    },
    stance: {
      mode: "report",
      setBy: "default",
      why: "drift.classes.units is not set, which means report",
      change: expect.stringContaining('drift.classes.units to "revert"'),
    },
    open: { kind: "unit-override", path, expected: { type: "missing" }, found: { type: "file" } },
    now: { type: "file", mode: "0644" },
    culprit: { by: { kind: "unknown" } },
    of: null,
  });
  expect(textOf(shown)).toEqual([null, "[Service]\nEnvironment=EVIL=1\n"]);
  expect(existsSync(path)).toBe(true);
});

test("one that was taken away is fetched from the evidence, the newest or by its name", async () => {
  const path = write(dropIn, "first\n");
  const drift = fixture().machine.start();
  await drift.sweepNow();
  write(dropIn, "second\n");
  await drift.sweepNow();
  expect(existsSync(path)).toBe(false);
  const shown = await fixture().show(path);
  expect(shown).toMatchObject({ open: null, now: { type: "missing" }, explanation: { kind: "managed" } });
  expect(shown.evidence).toHaveLength(2);
  expect(textOf(shown)).toEqual([null, "second\n"]);
  const older = shown.evidence[1]?.id ?? "";
  expect(textOf(await fixture().show(path, { evidence: older }))).toEqual([null, "first\n"]);
  expect(textOf(await fixture().show(path, { evidence: "../secret" }))).toContain("nothing is kept");
});

test("text that not everybody may read does not leave the node, unless the configuration names the path and nothing else bears it", async () => {
  const path = write(dropIn, "secret\n");
  chmodSync(path, 0o600);
  expect(textOf(await fixture().show(path))).toBe("mode 0600");
  fixture().settings.showable.push(path);
  expect(textOf(await fixture().show(path))).toEqual([null, "secret\n"]);
  unlinkSync(path);
  writeFileSync(at("shadow"), "root:hash\n", { mode: 0o600 });
  linkSync(at("shadow"), path);
  expect(textOf(await fixture().show(path))).toContain("the file has other names");
  await fixture().machine.start().sweepNow();
  const kept = await fixture().show(path);
  expect(kept.evidence).toMatchObject([{ worldReadable: false, links: 2 }]);
  expect(textOf(kept)).toContain("the file has other names");
  fixture().settings.showable.length = 0;
  expect(textOf(await fixture().show(path))).toBe("mode 0600");
  // Everybody may read the file, and nobody may go to it.
  const closed = write("run/systemd/system.control/app.service", "secret\n");
  chmodSync(at("run/systemd/system.control"), 0o700);
  expect(textOf(await fixture().show(closed))).toBe("mode 0644");
});

test("a mask, a pipe and a folder have no text, and nobody waits for them or follows them", async () => {
  mkdirSync(at("run/systemd/system/app.service.d"));
  symlinkSync("/etc/shadow", at("run/systemd/system/app.service"));
  execFileSync("mkfifo", [at(dropIn)]);
  symlinkSync(at("elsewhere"), at("run/systemd/system/data.mount.d"));
  write("elsewhere/evil.conf", "secret\n");
  for (const path of ["run/systemd/system/app.service", dropIn, "run/systemd/system/data.mount.d"]) {
    const shown = await fixture().show(at(path));
    expect(textOf(shown), path).toBe("neither side is a file");
    expect(shown.open?.kind, path).toBe("unit-override");
  }
  // By way of a link that systemd follows there is another file: what is asked for is that name.
  expect(textOf(await fixture().show(at("run/systemd/system/data.mount.d/evil.conf")))).not.toContain(
    "secret",
  );
});

test.each<[path: string, kind: string, says: RegExp]>([
  ["run/systemd/system/app.service", "managed", /instead of app\.service/u],
  ["run/systemd/system/app@x.service", "managed", /instead of app@\.service/u],
  ["etc/systemd/system.control/app.service", "managed", /instead of app\.service/u],
  ["run/systemd/system.control/app@x.service.d/a.conf", "managed", /with app@x\.service/u],
  ["run/systemd/system/service.d/a.conf", "managed", /with each service unit/u],
  ["run/systemd/system/lab-.service.d/a.conf", "managed", /each service unit that begins with lab-/u],
  ["run/systemd/system/app.service.d/README", "undeclared", /for no unit of the closure/u],
  ["run/systemd/system/app.service.d/deep/a.conf", "undeclared", /for no unit/u],
  ["run/systemd/system/app.service/a.conf", "undeclared", /for no unit/u],
  ["run/systemd/system/foreign.service", "undeclared", /units of others are left alone/u],
  ["run/systemd/system", "undeclared", /only what is in it/u],
  ["run/systemd/transient/run-u1.service", "left-alone", /systemd-run/u],
  ["run/systemd/transient/app.service", "managed", /instead of app\.service/u],
  ["run/systemd/generator.late/app.service.d/a.conf", "left-alone", /generators/u],
])("%s is explained: %s", async (path, kind, says) => {
  const { explanation } = await fixture().explain(at(path));
  expect(explanation).toMatchObject({ kind, part: "units" });
  expect(JSON.stringify(explanation)).toMatch(says);
});

test("what is there by right is explained as such, and what is only told says why", async () => {
  write("run/systemd/container", "lxc\n");
  // The list names paths as they are on a machine.
  fixture().settings.ignore.push({ glob: `${at("run/systemd/system")}/data.mount`, reason: "ours" });
  const mask = at("run/systemd/system/data.mount");
  symlinkSync("/dev/null", mask);
  expect((await fixture().explain(mask)).explanation).toMatchObject({
    kind: "left-alone",
    by: "the node's configuration",
    declared: true,
  });
  const lxc = write("run/systemd/system/service.d/zzz-lxc-service.conf");
  expect((await fixture().explain(lxc)).explanation).toMatchObject({
    kind: "left-alone",
    by: "built-in list",
    reason: expect.stringContaining("distrobuilder"),
  });
  const header = '# This is a drop-in unit file extension, created via "systemctl set-property"\n';
  const property = write(
    "run/systemd/system.control/app.service.d/50-CPUWeight.conf",
    `${header}[Service]\nCPUWeight=50\n`,
  );
  expect(await fixture().explain(property)).toMatchObject({
    open: { kind: "unit-override" },
    stance: { mode: "report", setBy: "agent", why: expect.stringContaining("systemctl revert") },
  });
});

test("a unit that systemd read otherwise, or from a strange folder, is told by its path", async () => {
  const fragment = at("etc/systemd/system/app.service");
  const strange = "/usr/local/lib/systemd/system/app.service.d/x.conf";
  const unit = { name: "app.service", fragment, dropIns: [strange], needsReload: true };
  fixture().machine.units.set("app.service", unit);
  expect(await fixture().explain(fragment)).toMatchObject({
    explanation: { kind: "managed", part: "units" },
    open: { kind: "needs-reload" },
  });
  expect(await fixture().explain(strange)).toMatchObject({
    explanation: { kind: "managed", part: "units", expected: { type: "missing" } },
    open: { kind: "unit-override" },
    stance: { setBy: "agent", why: expect.stringContaining("remove it by hand") },
  });
  expect((await fixture().explain(strange.replace("x.conf", "y.conf"))).explanation).toMatchObject({
    kind: "outside",
    because: expect.stringContaining("nothing there is compared"),
  });
});

test("while a switch or another system runs nothing is claimed, and a look changes nothing", async () => {
  const path = write(dropIn);
  const left = write(`run/systemd/system/.chimera-${"0123456789ab".repeat(2)}`);
  fixture().settings.isSwitching = true;
  expect((await fixture().show(path)).explanation).toEqual({
    kind: "unknown",
    reason: "a switch runs",
    part: "units",
  });
  fixture().settings.isSwitching = false;
  expect((await fixture().show(path)).open).not.toBeNull();
  // A removal that is under way bears such a name: only the part that put it there tidies up.
  expect(existsSync(left)).toBe(true);
  unlinkSync(at("run/current-system"));
  symlinkSync(`/nix/store/${"1".repeat(32)}-nixos-system-other`, at("run/current-system"));
  expect(await fixture().show(path)).toMatchObject({
    explanation: { kind: "unknown", reason: expect.stringContaining("another system runs") },
    open: null,
  });
});

test("whoever has it open for writing is named, while it is there", async () => {
  const path = write(dropIn);
  const fd = openSync(path, "a");
  const child = spawn("sleep", ["30"], { stdio: ["ignore", fd, "ignore"] });
  closeSync(fd);
  try {
    expect((await fixture().show(path)).culprit?.by).toMatchObject({
      kind: "writer",
      pid: child.pid,
      command: "sleep",
    });
    expect((await fixture().explain(path)).culprit).toBeUndefined();
  } finally {
    child.kill();
  }
});
