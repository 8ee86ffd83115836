/** Where what a node records of a session ends, and the session does not: on a real systemd and a real tmux, on a disk that may be full, by signed orders. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionName } from "@chimera/proto/sessions/session";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import { ended } from "../host/sessions/sessions-fixture.ts";
import { marksIn, shownIn } from "../sessions/cast-fixture.ts";
import { createTypedMachine, type TypedMachine } from "./typed-machine-fixture.ts";

const patient = { timeout: 30_000, interval: 20 };
let typed: TypedMachine;
let sessions: HostSessions;

beforeAll(async () => {
  typed = await createTypedMachine();
});
afterAll(() => typed.machine.dispose());
beforeEach(begin);
afterEach(() => typed.end());

function begin(): void {
  sessions = typed.begin();
}

const shows = (session: SessionName, text: string | RegExp, name?: string) =>
  vi.waitFor(() => expect(shownIn(typed.fileOf(session, name))).toMatch(text), patient);
const screenShows = (session: SessionName, text: string) =>
  vi.waitFor(() => expect(typed.screenOf(session)).toContain(text), patient);

test("where the agent is too busy to hear all of it the recording says so, and goes on from what is to be seen then", async () => {
  const session = await typed.started("stty -echo; read x; seq -f 'line %.0f.' 1 400000; echo all; read y");
  const anna = await typed.typist(session, "anna");
  anna.type("\r");
  await sleep(50);
  const until = performance.now() + 2500;
  while (performance.now() < until);
  await shows(session, "line 400000.");
  await shows(session, "all");
  const file = typed.fileOf(session);
  expect(marksIn(file)).toContainEqual(expect.stringMatching(/^output is missing here/u));
  expect([...shownIn(file).matchAll(/line \d+\./gu)].length).toBeLessThan(400_000);
  anna.type("\r");
  await ended(sessions, session);
});

test(
  "16 MiB are recorded and no more; the session and its keyboard go on",
  { timeout: 120_000 },
  async () => {
    const session = await typed.started(
      "trap 'echo still here; stty -echo; read x; exit 7' INT; while :; do echo 'a line of output, as long as many lines are'; done",
    );
    const anna = await typed.typist(session, "anna");
    await vi.waitFor(
      () => expect(marksIn(typed.fileOf(session)).at(-1)).toMatch(/^recording ends here: 16 MiB/u),
      {
        timeout: 100_000,
        interval: 500,
      },
    );
    const { size } = statSync(join(typed.folderOf(session), "recording.cast"));
    expect(size).toBeGreaterThan(15 << 20);
    expect(size).toBeLessThanOrEqual(16 << 20);
    anna.type("\u0003");
    await screenShows(session, "still here");
    // Somebody else may have it, and nothing is begun anew.
    const bob = await typed.typist(session, "bob", true);
    bob.type("\r");
    expect(await ended(sessions, session)).toMatchObject({ exitCode: 7 });
    expect(typed.castsOf(session)).toEqual(["recording.cast"]);
    expect(statSync(join(typed.folderOf(session), "recording.cast")).size).toBe(size);
    expect(typed.unrecorded()).toEqual([]);
  },
);

test("a disk that is full ends the recording with a whole line and one word about it, and nothing else", async () => {
  const session = await typed.started("echo up; while read -r x; do seq $x; done");
  await screenShows(session, "up");
  const folder = typed.folderOf(session);
  const record = readFileSync(join(folder, "record.json"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "none", folder]);
  try {
    writeFileSync(join(folder, "record.json"), record);
    const filler = join(folder, "filler");
    writeFileSync(filler, Buffer.alloc(400 << 10));
    const anna = await typed.typist(session, "anna");
    anna.type("10\r");
    await shows(session, "10\r\n");
    anna.type("100000\r");
    await vi.waitFor(() => expect(typed.unrecorded()).toHaveLength(1), patient);
    expect(typed.unrecorded()[0]).toMatchObject({
      code: "file-unreadable",
      message: expect.stringMatching(/recording\.cast: ENOSPC/u),
    });
    // Every line of it is one.
    expect(shownIn(typed.fileOf(session))).toContain("10\r\n");
    await screenShows(session, "100000");
    anna.type("7\r");
    await screenShows(session, "100000\n7\n1\n2\n");
    expect(typed.unrecorded()).toHaveLength(1);
    // When there is room again whoever comes next is recorded.
    rmSync(filler);
    const bob = await typed.typist(session, "bob", true);
    bob.type("11\r");
    await shows(session, "10\r\n11\r\n", "recording-2.cast");
    expect(typed.unrecorded()).toHaveLength(1);
    await sessions.end(session, "SIGKILL");
    await ended(sessions, session);
  } finally {
    execFileSync("umount", [folder]);
  }
});

test("where no recording can be begun somebody types all the same, and that is told", async () => {
  const session = await typed.started("cat");
  execFileSync("mount", ["-t", "tmpfs", "-o", "ro,size=64k", "none", typed.folderOf(session)]);
  try {
    const anna = await typed.typist(session, "anna");
    anna.type("typed\r");
    await screenShows(session, "typed\ntyped");
    expect(typed.unrecorded()).toMatchObject([
      { code: "file-unreadable", message: expect.stringContaining("EROFS") },
    ]);
  } finally {
    execFileSync("umount", [typed.folderOf(session)]);
  }
  await sessions.end(session, "SIGKILL");
  await ended(sessions, session);
  expect(sessions.facts(session)).not.toHaveProperty("recordedBytes");
});
