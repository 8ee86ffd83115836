import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseSessions, readLoggedIn } from "./logged-in.ts";

test("people and their terminals, each once, whatever columns this systemd has", () => {
  const text = [
    "      1    0 root      seat0 tty1 active no -",
    "     c2 1000 anna            pts/0",
    "      7 1000 anna      -     pts/0  active no   -",
    "      9 1001 bob       -     -",
    "",
    "no sessions",
  ].join("\n");
  expect(parseSessions(text)).toEqual(["root on tty1", "anna on pts/0", "bob"]);
});

/** As utmpdump prints one. */
const record = (type: number, pid: number, [user, line]: [string, string]) =>
  `[${type}] [${String(pid).padStart(5, "0")}] [ts/0] [${user.padEnd(8)}] [${line.padEnd(12)}] [${" ".repeat(20)}] [0.0.0.0        ] [2026-11-23T12:00:00,000000+00:00]`;

const noLogind = spawnSync("loginctl", ["list-sessions", "--no-legend"], { encoding: "utf8" }).stdout?.trim();

test.skipIf(Boolean(noLogind))("without logind utmp says who is logged in, and not who was", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chimera-utmp-"));
  const file = join(folder, "utmp");
  const lines = [
    record(7, process.pid, ["anna", "pts/0"]),
    record(7, 4_000_000, ["gone", "pts/1"]),
    record(2, process.pid, ["reboot", "~"]),
    record(7, process.pid, ["anna", "pts/0"]),
  ];
  try {
    const bytes = execFileSync("utmpdump", ["-r"], {
      input: `${lines.join("\n")}\n`,
      stdio: ["pipe", "pipe", "ignore"],
    });
    writeFileSync(file, bytes);
    expect(await readLoggedIn(file)).toEqual(["anna on pts/0"]);
    writeFileSync(file, bytes.subarray(0, bytes.length - 1));
    expect(await readLoggedIn(file)).toEqual(["anna on pts/0"]);
    writeFileSync(file, Buffer.alloc(8 << 20, 7));
    expect(await readLoggedIn(file)).toEqual([]);
    expect(await readLoggedIn(join(folder, "none"))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
