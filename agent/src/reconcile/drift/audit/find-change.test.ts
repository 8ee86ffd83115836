/** Records as auditd 3.0.9 wrote them on Linux 6.18, of changes by hand in a folder with one watch for changes and one for reads. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { audited, parseAuditLine, parseJournalAudit, type AuditRecord } from "./audit-record.ts";
import { findChange, shownDevice, type ChangeTarget } from "./find-change.ts";

const golden = join(import.meta.dirname, "golden");
const textOf = (format: string): string => readFileSync(join(golden, `auditd-3.0.9-${format}.txt`), "latin1");
const recordsOf = (text: string): AuditRecord[] =>
  text.split("\n").flatMap((line) => parseAuditLine(line) ?? []);
const raw = recordsOf(textOf("raw"));
const begun = 1_795_989_960_000;
/** fe:00, as stat(2) has it. */
const dev = 0xfe00;
const target = (name: string, ino: number, over: Partial<ChangeTarget> = {}): ChangeTarget => ({
  path: `/srv/audited/etc/${name}`,
  inode: { dev, ino },
  sinceMs: begun,
  untilMs: begun + 999,
  ...over,
});
const who = (of: ChangeTarget, records = raw) => findChange(records, of)?.command ?? null;

test.each<[what: string, file: { name: string; ino: number; until: number }, command: string | null]>([
  [
    "an attribute was set last, though a name was added and it was read since",
    { name: "hosts", ino: 787_211, until: 999 },
    "setfattr",
  ],
  ["a file that was cut, by a relative name", { name: "hosts", ino: 787_211, until: 536 }, "truncate"],
  ["a mode", { name: "hosts", ino: 787_211, until: 528 }, "chmod"],
  [
    "a file that was moved there, when the first way of moving failed",
    { name: "hosts", ino: 787_211, until: 519 },
    "mv",
  ],
  ["before it was there under this name", { name: "hosts", ino: 787_211, until: 515 }, null],
  ["the file before it, appended to", { name: "hosts", ino: 787_209, until: 511 }, "bash"],
  ["what an editor put in its place", { name: "issue", ino: 787_209, until: 999 }, "sed"],
  ["a name with a blank", { name: "a name", ino: 787_212, until: 530 }, "bash"],
  ["the same, written over", { name: "a name", ino: 787_212, until: 999 }, "cp"],
  ["a link", { name: "link", ino: 787_092, until: 999 }, "ln"],
  ["a file named by its folder's handle", { name: "hostname", ino: 787_215, until: 999 }, "cp"],
  ["made by its folder's handle", { name: "hostname", ino: 787_215, until: 538 }, "cp"],
  ["another file that had its number, and is gone", { name: "hostname", ino: 787_215, until: 535 }, null],
  ["a second name of it", { name: "other", ino: 787_211, until: 999 }, "ln"],
  ["a number that nobody named", { name: "hosts", ino: 1, until: 999 }, null],
])("%s", (_, { name, ino, until }, command) => {
  expect(who(target(name, ino, { untilMs: begun + until }))).toBe(command);
});

test("what is older than the file itself was done to another file of its number", () => {
  expect(who(target("issue", 787_209, { untilMs: begun + 519 }))).toBe("bash");
  expect(who(target("issue", 787_209, { sinceMs: begun + 520, untilMs: begun + 519 }))).toBeNull();
});

test("whoever changed it is told with what he was when he logged in", () => {
  const of = target("hosts", 787_211, { untilMs: begun + 519 });
  const change = { atMs: begun + 516, auid: 4711, uid: 0, command: "mv", exe: "/usr/bin/mv", key: "chimera" };
  expect(findChange(raw, of)).toMatchObject({ ...change, user: null });
  const named = recordsOf(
    textOf("raw").replaceAll(/key="chimera"/g, '$&\u001dARCH=x86_64 AUID="anna" UID="root"'),
  );
  expect(findChange(named, of)).toMatchObject({ ...change, user: "anna" });
  const service = recordsOf(textOf("raw").replaceAll("auid=4711", "auid=4294967295"));
  expect(findChange(service, of)).toMatchObject({ auid: null, user: null });
});

test("an enriched log says the same", () => {
  const enriched = recordsOf(textOf("enriched"));
  expect(enriched.map(({ type }) => type)).toEqual(raw.map(({ type }) => type));
  const [made] = enriched.filter(({ fields }) => fields.get("nametype") === "CREATE");
  const of = target("hosts", Number(made?.fields.get("inode")), {
    sinceMs: 0,
    untilMs: Number.MAX_SAFE_INTEGER,
  });
  expect(findChange(enriched, of)).toMatchObject({ auid: 4711, user: null, key: "chimera" });
});

test("where the kernel numbers files otherwise than stat does, only a whole name counts", () => {
  const elsewhere = { inode: { dev: 0x2a, ino: 5 } };
  expect(who(target("hosts", 5, elsewhere))).toBe("setfattr");
  expect(who(target("../hosts", 5, { ...elsewhere, path: "/srv/audited/hosts" }))).toBeNull();
  // Named by a folder's handle: the record says the current folder, where it is not.
  expect(who(target("", 5, { ...elsewhere, path: "/srv/audited/hostname" }))).toBeNull();
});

const line = (type: string, rest: string) => `type=${type} msg=audit(1795989960.100:7): ${rest}`;
const call = (over: string, command = '"vim"') =>
  line("SYSCALL", `arch=c000003e ${over} pid=9 auid=1000 uid=0 comm=${command} exe="/bin/vim" key="k"`);
const file = line("PATH", 'item=0 name="/srv/audited/etc/x" inode=5 dev=fe:00 nametype=NORMAL');
const written = "syscall=257 success=yes a0=ffffff9c a2=241";

test.each<[string, string[], string | null]>([
  ["opened for writing", [call(written), file], "vim"],
  ["opened for reading", [call("syscall=257 success=yes a2=0"), file], null],
  ["refused", [call(written.replace("yes", "no")), file], null],
  ["by no rule with a key", [call(written).replace('key="k"', "key=(null)"), file], null],
  ["by a call that nobody knows", [call("syscall=999 success=yes"), file], null],
  ["on a machine that nobody knows", [call(written).replace("c000003e", "40000028"), file], null],
  [
    "openat2 for writing",
    [call("syscall=437 success=yes"), line("OPENAT2", "oflag=0102 mode=00 resolve=0x0"), file],
    "vim",
  ],
  ["openat2 for reading", [call("syscall=437 success=yes"), line("OPENAT2", "oflag=0100000"), file], null],
  ["openat2 of which nobody says how", [call("syscall=437 success=yes"), file], null],
  ["on aarch64", [call("syscall=53 success=yes").replace("c000003e", "c00000b7"), file], "vim"],
  ["with another host's name before it", [call(written), file].map((one) => `node=n1 ${one}`), "vim"],
  ["in another order", [file, call(written)], "vim"],
  ["of two events", [call(written).replace(":7)", ":8)"), file], null],
  [
    "a command that pretends",
    [call(written, Buffer.from('a" success=no key="').toString("hex").toUpperCase()), file],
    'a" success=no key="',
  ],
  ["a message of a program", [line("USER_CMD", `msg='${call(written)}'`), file], null],
  ["no process", [call(written).replace("pid=9", "pid=x"), file], null],
  ["a record without an end", [`${call(written)} ${"x".repeat(20_000)}`, file], null],
  ["half a line", [call(written).slice(0, 60), file, "type=PATH msg=audit(17", "\0\0\0"], null],
])("a change is one that was made: %s", (_, lines, command) => {
  expect(who(target("x", 5), recordsOf(lines.join("\n")))).toBe(command);
});

test("journald's records are the same, and what is not the kernel's is none", () => {
  const entries = [call(written), file].map((one) => {
    const [, type = "", message = ""] = /^type=(\S+) \S+ (.*)$/u.exec(one) ?? [];
    return { type, serial: "7", atMs: begun + 100, message: `${type} ${message}` };
  });
  expect(
    who(
      target("x", 5),
      entries.flatMap((entry) => parseJournalAudit(entry) ?? []),
    ),
  ).toBe("vim");
  expect(parseJournalAudit({ type: "USER_CMD", serial: "7", atMs: 0, message: "USER_CMD pid=1" })).toBeNull();
  expect(parseJournalAudit({ type: "PATH", serial: "7", atMs: 0, message: "SYSCALL pid=1" })).toBeNull();
});

test("text is read as the kernel writes it, and devices as it counts them", () => {
  expect(['"plain"', "6120C3A4", "(null)", "(none)", undefined, '"', "ABC"].map(audited)).toEqual([
    "plain",
    "a ä",
    null,
    null,
    null,
    '"',
    "ABC",
  ]);
  expect([0xfe00, 0x2a, 0x8_03_01, 0x1_0000_0010_0102].map(shownDevice)).toEqual([
    "fe:00",
    "00:2a",
    "803:01",
    "10001:102",
  ]);
});
