/** Who changed a file, from a log of auditd as it wrote it and from a real journal; and logs that are none. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAuditSearch, type FoundFile } from "./find-audited.ts";

const recorded = join(import.meta.dirname, "../../../reconcile/drift/audit/golden/auditd-3.0.9-raw.txt");
const text = readFileSync(recorded, "latin1");
const begun = 1_795_989_960_000;
const hosts = (untilMs: number): FoundFile => ({
  path: "/srv/audited/etc/hosts",
  inode: { dev: 0xfe00, ino: 787_211, bornMs: begun + 512 },
  atMs: begun + untilMs,
});
let folder: string;
const log = () => join(folder, "audit.log");
/** No journal is there, so that only the log is asked. */
const search = (over = {}) => createAuditSearch({ folder, journal: ["--directory", folder], ...over });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-audit-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the log says who, with his name where the node knows it", async () => {
  writeFileSync(log(), text);
  const passwd = join(folder, "passwd");
  writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\nanna:x:4711:100::/home/anna:/bin/sh\n");
  expect(await search({ passwd }).find(hosts(519))).toEqual({
    at: new Date(begun + 516).toISOString(),
    auid: 4711,
    user: "anna",
    uid: 0,
    pid: expect.any(Number),
    command: "mv",
    exe: "/usr/bin/mv",
    key: "chimera",
  });
  expect(await search({ passwd: join(folder, "none") }).find(hosts(519))).toMatchObject({ user: null });
  expect(await search().find({ ...hosts(519), path: "/srv/audited/etc/issue" })).toBeNull();
});

test("what is older than a day or than the file is not looked for", async () => {
  writeFileSync(log(), text);
  const old = hosts(519 + 25 * 3_600_000);
  expect(await search().find({ ...old, inode: { ...old.inode, bornMs: 0 } })).toBeNull();
  expect(
    await search().find({ ...hosts(519), inode: { ...hosts(519).inode, bornMs: begun + 600 } }),
  ).toBeNull();
});

test("what this very agent did accuses nobody, and hides who came before it", async () => {
  const events = text.split("\n");
  const moved = events.filter((line) => line.includes(":137)"));
  const own = moved.map((line) =>
    line.replace(/\(\d+\.\d+:137\)/u, "(1795989960.530:999)").replace(/ pid=\d+ /u, ` pid=${process.pid} `),
  );
  writeFileSync(log(), [...events.filter((line) => !line.includes(":149)")), ...own, ""].join("\n"));
  expect(await search().find(hosts(535))).toBeNull();
  expect(await search().find(hosts(519))).toMatchObject({ command: "mv" });
});

test("auditd is given a moment, and what it rotated meanwhile is read too", async () => {
  writeFileSync(log(), "");
  writeFileSync(join(folder, "audit.log.1"), "");
  const found = search().find(hosts(519));
  await delay(100);
  appendFileSync(join(folder, "audit.log.1"), text);
  expect(await found).toMatchObject({ command: "mv" });
});

test("of a huge log the end is read, in bounded time", async () => {
  const filler = `type=PATH msg=audit(1795989950.000:1): item=0 name="/srv/x" inode=7 dev=fe:00 nametype=NORMAL\n`;
  writeFileSync(log(), filler.repeat(400_000));
  appendFileSync(log(), text);
  const began = performance.now();
  expect(await search().find(hosts(519))).toMatchObject({ command: "mv" });
  expect(performance.now() - began).toBeLessThan(5_000);
  writeFileSync(log(), text);
  appendFileSync(log(), filler.repeat(60_000));
  expect(await search().find(hosts(519))).toBeNull();
});

test("a log that is none is not waited for, not followed, and not believed", async () => {
  const elsewhere = join(folder, "elsewhere");
  writeFileSync(elsewhere, text);
  const puts = [
    () => execFileSync("mkfifo", [log()]),
    () => symlinkSync(elsewhere, log()),
    () => mkdirSync(log()),
    () => symlinkSync("/dev/zero", log()),
    () => {
      writeFileSync(log(), text);
      chownSync(log(), 4711, 0);
    },
    () => {
      writeFileSync(log(), Buffer.alloc(1 << 20, 255));
      truncateSync(log(), 3 * 1024 ** 3);
    },
  ];
  for (const put of puts) {
    rmSync(log(), { recursive: true, force: true });
    put();
    expect(await search().find(hosts(519))).toBeNull();
  }
});

const importer = "/lib/systemd/systemd-journal-remote";
const hasImporter = existsSync(importer) && spawnSync("journalctl", ["--version"]).status === 0;

/** As journald keeps them; the journal itself is written by systemd's own importer. */
function writeJournal(lines: readonly string[], over: Record<string, string> = {}): void {
  const entries = lines.flatMap((line) => {
    const [, type, seconds, ms, serial, rest] =
      /^type=(\S+) msg=audit\((\d+)\.(\d+):(\d+)\): (.*)$/u.exec(line) ?? [];
    const fields = {
      __REALTIME_TIMESTAMP: `${seconds}${ms}000`,
      __MONOTONIC_TIMESTAMP: `${serial}`,
      _BOOT_ID: "0".repeat(31).concat("1"),
      _TRANSPORT: "audit",
      _AUDIT_ID: serial,
      _AUDIT_TYPE_NAME: type,
      _SOURCE_REALTIME_TIMESTAMP: `${seconds}${ms}000`,
      MESSAGE: `${type} ${rest}`,
      ...over,
    };
    return [
      Object.entries(fields)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    ];
  });
  const file = join(folder, "imported.journal");
  execFileSync(importer, ["--output", file, "-"], {
    input: entries.join("\n"),
    stdio: ["pipe", "ignore", "ignore"],
  });
}

test.skipIf(!hasImporter)("without a log of auditd the journal is asked", async () => {
  writeJournal(text.trim().split("\n"));
  expect(await search().find(hosts(519))).toMatchObject({ command: "mv", auid: 4711, key: "chimera" });
  expect(await search().find(hosts(515))).toBeNull();
});

test.skipIf(!hasImporter)(
  "what a program wrote into the journal is no record, and an empty journal is left for a while",
  async () => {
    writeJournal(text.trim().split("\n"), { _TRANSPORT: "syslog" });
    const asked = search();
    expect(await asked.find(hosts(519))).toBeNull();
    rmSync(join(folder, "imported.journal"));
    writeJournal(text.trim().split("\n"));
    expect(await asked.find(hosts(519))).toBeNull();
    expect(await search().find(hosts(519))).toMatchObject({ command: "mv" });
  },
);
