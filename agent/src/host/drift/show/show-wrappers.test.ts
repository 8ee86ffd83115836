/** What is said of wrappers: by which script, what it must be, what it is, and whether its bytes may be shown. */
import { appendFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fillWrappers } from "../../machine-drift/wrappers-fixture.ts";
import { useShowFixture } from "./show-fixture.ts";

const fixture = useShowFixture();
const at = (path: string) => fixture().at(path);

function relink(path: string, target: string): void {
  rmSync(path, { force: true, recursive: true });
  symlinkSync(target, path);
}

const sudo = () => at("run/wrappers/bin/sudo");
const folder = () => readlinkSync(at("run/wrappers/bin"));

test("a wrapper is explained by the script that makes it, under both of its names", async () => {
  fillWrappers(fixture().machine);
  for (const path of [sudo(), join(folder(), "sudo")])
    expect(await fixture().show(path)).toMatchObject({
      explanation: {
        kind: "managed",
        part: "wrappers",
        entry: at("store/system/etc/systemd/system/suid-sgid-wrappers.service"),
        expected: { type: "file", mode: "4511", uid: 0, gid: 0, size: 16 },
      },
      open: null,
      now: { type: "file", mode: "4511", size: 16 },
      stance: { mode: "revert", setBy: "default" },
    });
  writeFileSync(sudo(), "steal\n");
  const shown = await fixture().show(sudo());
  expect(shown).toMatchObject({ open: { kind: "wrapper" }, content: { reason: "mode 4511" } });
});

test("a stranger among them should not be there, and is shown where everybody may read it", async () => {
  fillWrappers(fixture().machine);
  writeFileSync(join(folder(), "evil"), "#!/bin/sh\n", { mode: 0o755 });
  expect(await fixture().show(at("run/wrappers/bin/evil"))).toMatchObject({
    explanation: {
      kind: "managed",
      expected: { type: "missing" },
      because: expect.stringContaining("first in PATH"),
    },
    open: { kind: "wrapper", found: { type: "file", mode: "0755" } },
    content: { kind: "shown", expected: null, found: { size: 10 } },
  });
  expect((await fixture().explain(at("run/wrappers/bin/none"))).explanation).toMatchObject({
    kind: "managed",
    expected: { type: "missing" },
  });
  relink(at("run/wrappers/bin"), "/tmp");
  expect(await fixture().explain(at("run/wrappers/bin"))).toMatchObject({
    explanation: { kind: "managed" },
    open: { kind: "wrapper", found: { type: "symlink", target: "/tmp" } },
  });
  expect((await fixture().explain(at("run/wrappers/deep/er/file"))).explanation.kind).toBe("undeclared");
});

test("a system without them has none to compare", async () => {
  expect((await fixture().explain(sudo())).explanation).toMatchObject({
    kind: "undeclared",
    part: "wrappers",
  });
});

test("where the script is not understood nothing is claimed, and one that is not is left alone", async () => {
  const { machine } = fixture();
  fillWrappers(machine);
  const script = at("store/wrappers-start");
  appendFileSync(script, "make_something_else\n");
  expect((await fixture().explain(sudo())).explanation).toMatchObject({
    kind: "unknown",
    part: "wrappers",
    reason: expect.stringContaining("no wrapper is compared"),
  });
});
