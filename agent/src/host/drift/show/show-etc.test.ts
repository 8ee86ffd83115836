/** What is said of paths of /etc that are no entries of their own: what is below a link, over an entry, or left over. */
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ShownFacts } from "@chimera/proto/drift-shown";
import { expect, test } from "vitest";
import { useEtcFixture } from "../etc-fixture.ts";

const { fixture, at } = useEtcFixture();
const reportOnly = { stance: () => ({ kind: "report", why: "test" }) as const };

function replace(path: string, text: string | Uint8Array, mode = 0o644): void {
  unlinkSync(at(path));
  writeFileSync(at(path), text);
  chmodSync(at(path), mode);
}

async function show(drift: ReturnType<ReturnType<typeof fixture>["start"]>, path: string, over = {}) {
  const shown = await drift.show({ path, evidence: null, maxBytes: 128 * 1024, ...over });
  // What travels must be what the other side takes.
  return ShownFacts.parse(shown);
}

test("it is said why a path is managed, and why not", async () => {
  const drift = fixture().start({
    ignore: [{ glob: "/etc/cron/**", reason: "written by cron" }],
  });
  await drift.sweepNow();
  const why = async (path: string) => (await show(drift, path, { maxBytes: 0 })).explanation;
  expect(await why("/etc/cron/jobs/nightly")).toMatchObject({
    kind: "left-alone",
    by: "the node's configuration",
    reason: "written by cron",
    declared: true,
  });
  expect(await why("/etc/machine-id")).toMatchObject({ by: "built-in list", declared: false });
  expect(await why("/etc/foreign")).toMatchObject({
    kind: "undeclared",
    part: "etc",
    because: expect.stringContaining("nothing undeclared in /etc is touched"),
  });
  expect(await why("/run/foo")).toEqual({ kind: "outside" });
  expect(await why("/etc/sudoers")).toMatchObject({
    kind: "managed",
    part: "etc",
    expected: { mode: "0440", uid: 0 },
  });
  expect(await why("/etc/ssh")).toMatchObject({ kind: "managed", expected: { type: "directory" } });
  expect(await why("/etc")).toMatchObject({ kind: "managed", expected: { type: "directory" } });
});

test("what is below a declared link is the store's, and a difference of the link is told there too", async () => {
  const units = join(fixture().root, "store/units");
  mkdirSync(units);
  writeFileSync(join(units, "app.service"), "[Unit]\n");
  mkdirSync(join(fixture().root, "store/one-etc/etc/systemd"));
  symlinkSync(units, join(fixture().root, "store/one-etc/etc/systemd/system"));
  const drift = fixture().start(reportOnly);
  mkdirSync(at("systemd"));
  symlinkSync("/etc/static/systemd/system", at("systemd/system"));
  await drift.sweepNow();
  const unit = await show(drift, "/etc/systemd/system/app.service");
  expect(unit).toMatchObject({
    explanation: {
      kind: "managed",
      expected: { type: "file", size: 7 },
      because: expect.stringContaining("link to the store"),
    },
    open: null,
    content: { reason: expect.stringContaining("a file of the store") },
  });
  expect((await show(drift, "/etc/systemd/system/none.service")).explanation.kind).toBe("undeclared");
  unlinkSync(at("systemd/system"));
  mkdirSync(at("systemd/system"));
  writeFileSync(at("systemd/system/app.service"), "evil\n");
  expect(await show(drift, "/etc/systemd/system/app.service")).toMatchObject({
    open: { kind: "replaced-by-directory", path: "/etc/systemd/system" },
  });
});

test("the list of copies, a stale link, attributes and a mount are told by their paths", async () => {
  const drift = fixture().start(reportOnly);
  await drift.sweepNow();
  appendFileSync(at(".clean"), "passwd\n");
  symlinkSync("/etc/static/gone", at("gone"));
  execFileSync("setfattr", ["-n", "user.note", "-v", "mine", at("sudoers")]);
  expect(await show(drift, "/etc/.clean")).toMatchObject({
    explanation: { kind: "managed", because: expect.stringContaining("the next activation deletes") },
    open: { kind: "content" },
  });
  expect(await show(drift, "/etc/gone")).toMatchObject({
    explanation: { kind: "managed", expected: { type: "missing" } },
    open: { kind: "stale" },
  });
  expect(await show(drift, "/etc/sudoers")).toMatchObject({
    open: { kind: "attributes", found: { attributes: ["user.note"] } },
  });
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", at("ssh")]);
  for (const path of ["/etc/ssh", "/etc/ssh/sshd_config"]) {
    expect(await show(drift, path)).toMatchObject({
      explanation: { kind: "managed", part: "mounts" },
      open: { kind: "covered", path: "/etc/ssh" },
      content: { reason: expect.stringContaining("not what is below the mount") },
    });
  }
  execFileSync("mount", ["--bind", at("sudoers"), at("passwd")]);
  expect(await show(drift, "/etc/passwd")).toMatchObject({ open: { kind: "covered", path: "/etc/passwd" } });
});

test("whoever holds what differs now is named, and only where content is asked for", async () => {
  const drift = fixture().start(reportOnly);
  await drift.sweepNow();
  replace("hostname", "open\n");
  const writer = spawn("sleep", ["30"], { stdio: ["ignore", openSync(at("hostname"), "a"), "ignore"] });
  try {
    expect((await show(drift, "/etc/hostname")).culprit?.by).toMatchObject({ kind: "writer", uid: 0 });
    expect((await show(drift, "/etc/hostname", { maxBytes: 0 })).culprit).toBeUndefined();
  } finally {
    writer.kill();
  }
});
