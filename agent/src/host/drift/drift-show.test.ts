/** What a signed order may see of a path: facts always, content only where everybody on the node may read it. */
import { ShownFacts } from "@chimera/proto/drift-shown";
import { spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { useEtcFixture } from "./etc-fixture.ts";
import { pathsBelow } from "./etc-snapshot.ts";
import { createEvidence } from "./evidence.ts";
import { evidenceLimits } from "./evidence/evidence-store.ts";

const { fixture, pristine, at } = useEtcFixture();
const evidenceDir = () => join(fixture().stateDir, "evidence");
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

function textOf(side: { base64: string } | null): string | null {
  return side === null ? null : Buffer.from(side.base64, "base64").toString("utf8");
}

/** Expected and found, or why they are not shown. */
function texts({ content }: ShownFacts) {
  return content.kind === "not-shown" ? content.reason : [textOf(content.expected), textOf(content.found)];
}

test("what was put back is kept for root alone, and shown with what it replaced", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  replace("hostname", "evil\n");
  await drift.sweepNow();
  const shown = await show(drift, "/etc/hostname");
  expect(texts(shown)).toEqual(["n1\n", "evil\n"]);
  expect(shown).toMatchObject({
    open: null,
    stance: { mode: "revert" },
    evidence: [{ path: "/etc/hostname", facts: { type: "file", size: 5, mode: "0644" }, keptBytes: 5 }],
  });
  expect(shown.of).toBe(shown.evidence[0]?.id);
  expect(fixture().events).toMatchObject([{ type: "drift-reverted", data: { evidence: shown.of } }]);
  for (const path of pathsBelow(evidenceDir())) {
    expect(lstatSync(path).mode & 0o077, path).toBe(0);
  }
});

test("what differs now is shown as it is, and an older find by its name", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  replace("hostname", "first\n");
  await drift.sweepNow();
  const kept = (await show(drift, "/etc/hostname")).of;
  await drift.stop();
  const watching = fixture().start(reportOnly);
  replace("hostname", "second\n");
  await watching.sweepNow();
  const shown = await show(watching, "/etc/hostname");
  expect(shown).toMatchObject({ of: null, open: { kind: "replaced-by-file" }, stance: { why: "test" } });
  expect(texts(shown)).toEqual(["n1\n", "second\n"]);
  expect(texts(await show(watching, "/etc/hostname", { evidence: kept }))).toEqual(["n1\n", "first\n"]);
  expect(texts(await show(watching, "/etc/hostname", { evidence: "../about.json" }))).toContain(
    "nothing is kept",
  );
  expect(texts(await show(watching, "/etc/hostname", { maxBytes: 0 }))).toBe("it was not asked for");
  const cut = await show(watching, "/etc/hostname", { maxBytes: 3 });
  expect(texts(cut)).toEqual(["n1\n", "sec"]);
  expect(cut.content).toMatchObject({ found: { size: 7 } });
});

test("content that not everybody may read never leaves the node, unless the configuration names the path", async () => {
  const drift = fixture().start(reportOnly);
  writeFileSync(at("sudoers"), "secret\n");
  replace("hostname", "secret\n", 0o600);
  mkdirSync(at("ssh/closed"));
  await drift.sweepNow();
  expect(texts(await show(drift, "/etc/sudoers"))).toBe("mode 0440");
  expect(texts(await show(drift, "/etc/hostname"))).toBe("mode 0600");
  expect((await show(drift, "/etc/hostname")).open?.found).toMatchObject({ size: 7, mode: "0600" });
  // Readable, in a folder that is closed.
  replace("ssh/sshd_config", "secret\n");
  chmodSync(at("ssh"), 0o700);
  expect(texts(await show(drift, "/etc/ssh/sshd_config"))).toBe("mode 0644");
  await drift.stop();
  const open = fixture().start({ ...reportOnly, isShowable: (path) => path === "/etc/sudoers" });
  await open.sweepNow();
  expect(texts(await show(open, "/etc/sudoers"))).toEqual(["root ALL=(ALL) ALL\n", "secret\n"]);
  expect(texts(await show(open, "/etc/hostname"))).toBe("mode 0600");
});

test("a name of another file is not shown for the name's sake", async () => {
  const drift = fixture().start({ ...reportOnly, isShowable: () => true });
  writeFileSync(at("shadow"), "root:hash\n", { mode: 0o600 });
  for (const [path, put] of [
    ["hostname", () => linkSync(at("shadow"), at("hostname"))],
    ["ssh/sshd_config", () => symlinkSync("/etc/shadow", at("ssh/sshd_config"))],
  ] as const) {
    unlinkSync(at(path));
    put();
  }
  await drift.sweepNow();
  expect(texts(await show(drift, "/etc/hostname"))).toContain("the file has other names");
  expect(texts(await show(drift, "/etc/ssh/sshd_config"))).toEqual(["Port 22\n", null]);
  for (const path of ["/etc/shadow", "/etc/motd", "/root/.ssh/id", "/etc/../etc/shadow", "/etc/"])
    expect(texts(await show(drift, path)), path).toBe("the path is not managed");
});

test("a huge file is kept cut, a growing one as it was read, and neither keeps it from being put back", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  replace("hostname", "huge\n");
  truncateSync(at("hostname"), 3 * 1024 ** 3);
  await drift.sweepNow();
  const { evidence } = await show(drift, "/etc/hostname");
  expect(evidence).toMatchObject([{ keptBytes: 1024 * 1024, facts: { size: 3 * 1024 ** 3 } }]);
  const growing = setInterval(() => {
    if (lstatSync(at("ssh/sshd_config")).isFile()) appendFileSync(at("ssh/sshd_config"), "x".repeat(65_536));
  }, 1);
  replace("ssh/sshd_config", "x".repeat(900_000));
  await drift.sweepNow();
  clearInterval(growing);
  expect(lstatSync(at("ssh/sshd_config")).isSymbolicLink()).toBe(true);
  const [kept] = (await show(drift, "/etc/ssh/sshd_config")).evidence;
  expect(kept?.keptBytes).toBeGreaterThanOrEqual(900_000);
  expect(kept?.keptBytes).toBeLessThanOrEqual(1024 * 1024);
});

test("where the folder of evidence is a link or a file, nothing is written elsewhere, and all is put back", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  const elsewhere = join(fixture().root, "elsewhere");
  mkdirSync(elsewhere);
  mkdirSync(fixture().stateDir, { recursive: true });
  for (const put of [() => symlinkSync(elsewhere, evidenceDir()), () => writeFileSync(evidenceDir(), "")]) {
    rmSync(evidenceDir(), { recursive: true, force: true });
    put();
    replace("hostname", "evil\n");
    await drift.sweepNow();
    expect(lstatSync(at("hostname")).isSymbolicLink()).toBe(true);
    expect((await show(drift, "/etc/hostname")).evidence).toEqual([]);
  }
  expect(readdirSync(elsewhere)).toEqual([]);
  rmSync(evidenceDir());
  mkdirSync(evidenceDir(), { mode: 0o777 });
  replace("hostname", "evil\n");
  await drift.sweepNow();
  expect(lstatSync(evidenceDir()).mode & 0o777).toBe(0o700);
  const { evidence } = await show(drift, "/etc/hostname");
  // Evidence whose content was replaced by a link leads nowhere.
  const content = join(evidenceDir(), evidence[0]?.id ?? "", "content");
  rmSync(content);
  symlinkSync("/etc/shadow", content);
  expect(texts(await show(drift, "/etc/hostname"))).toEqual(["n1\n", null]);
});

test("evidence of last month is removed, by an agent that has just started too", async () => {
  let uptime = 0;
  const clock = { bootId: () => "one", uptimeMs: () => uptime };
  const start = () =>
    fixture().start({ evidence: createEvidence(fixture().stateDir, evidenceLimits, { clock }) });
  const first = start();
  await first.sweepNow();
  replace("hostname", "old\n");
  await first.sweepNow();
  uptime += 2 * 3_600_000;
  await first.sweepNow();
  await first.stop();
  uptime += 30 * 86_400_000;
  await start().sweepNow();
  expect(readdirSync(evidenceDir())).toHaveLength(1);
  uptime += 3 * 3_600_000;
  await start().sweepNow();
  expect(readdirSync(evidenceDir())).toEqual([]);
});

test("whoever has the file open for writing is named, and nobody else", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  replace("hostname", "open\n");
  const writer = spawn("sleep", ["30"], { stdio: ["ignore", openSync(at("hostname"), "a"), "ignore"] });
  const reader = spawn("sleep", ["30"], { stdio: [openSync(at("hostname"), "r"), "ignore", "ignore"] });
  try {
    await drift.sweepNow();
    const culprit = await vi.waitUntil(
      async () => (await show(drift, "/etc/hostname")).evidence[0]?.culprit,
      { timeout: 5000 },
    );
    expect(culprit?.by).toMatchObject({ kind: "writer", uid: 0 });
    expect([writer.pid, process.pid]).toContain(culprit?.by.kind === "writer" ? culprit.by.pid : 0);
  } finally {
    writer.kill();
    reader.kill();
  }
  // A search rests after the one before it.
  await setTimeout(600);
  replace("ssh/sshd_config", "closed\n");
  await drift.sweepNow();
  const culprit = await vi.waitUntil(
    async () => (await show(drift, "/etc/ssh/sshd_config")).evidence[0]?.culprit,
    { timeout: 5000 },
  );
  expect(culprit?.by).toEqual({ kind: "unknown" });
});

test("bytes that equal the declared ones are not kept, nor a mode alone", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  chmodSync(at("sudoers"), 0o666);
  await drift.sweepNow();
  const shown = await show(drift, "/etc/sudoers");
  expect(shown).toMatchObject({ open: null, evidence: [], explanation: { kind: "managed" } });
  expect(readFileSync(at("sudoers"), "utf8")).toBe("root ALL=(ALL) ALL\n");
  expect(pristine().size).toBeGreaterThan(5);
});
