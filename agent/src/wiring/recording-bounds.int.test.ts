/** Where what a node records of a session ends, and the session does not: on a real systemd and a real tmux, on a disk that may be full, by signed orders. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChimeraError } from "@chimera/proto/errors";
import { createLog } from "@chimera/proto/log";
import type { SessionName } from "@chimera/proto/sessions/session";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { sitDown, startTyped } from "../control/sessions/operators-fixture.ts";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import { createSessionsFixture, ended, type SessionsFixture } from "../host/sessions/sessions-fixture.ts";
import { marksIn, shownIn } from "../sessions/cast-fixture.ts";
import { wireSessionOrders, type SessionOrdersWiring } from "./wire-session-orders.ts";

const patient = { timeout: 30_000, interval: 20 };
let machine: SessionsFixture;
let sessions: HostSessions;
let orders: NonNullable<SessionOrdersWiring["orders"]>;
let unrecorded: ChimeraError[];

beforeAll(async () => {
  machine = await createSessionsFixture();
});
afterAll(() => machine.dispose());
beforeEach(begin);
afterEach(() => orders.close());

/** Another agent; the one before is as if killed. */
function begin(): void {
  sessions = machine.agent();
  unrecorded = [];
  sessions.onUnrecorded((_, error) => unrecorded.push(error));
  const log = createLog({ fields: {}, write: () => undefined });
  const wired = wireSessionOrders({ allowExec: true, execUser: "root" }, sessions, log).orders;
  if (wired === null) throw new Error("orders are off");
  orders = wired;
}

const started = (script: string) => startTyped(orders, script);
const typist = (session: SessionName, author: string, take = false) =>
  sitDown(orders, { session, run: sessions.facts(session)?.run ?? "", author, take });

const folderOf = (session: SessionName) => join(machine.stateDir, "sessions", session);
const castsOf = (session: SessionName) =>
  readdirSync(folderOf(session)).filter((name) => name.endsWith(".cast"));
const fileOf = (session: SessionName, name = "recording.cast") =>
  readFileSync(join(folderOf(session), name), "utf8");

const shows = (session: SessionName, text: string | RegExp, name?: string) =>
  vi.waitFor(() => expect(shownIn(fileOf(session, name))).toMatch(text), patient);
const screenOf = (session: SessionName) =>
  machine.tmux.tmux("-N", "capture-pane", "-p", "-S", "-", "-t", `=${session}:`);
const screenShows = (session: SessionName, text: string) =>
  vi.waitFor(() => expect(screenOf(session)).toContain(text), patient);

test("where the agent is too busy to hear all of it the recording says so, and goes on from what is to be seen then", async () => {
  const session = await started("stty -echo; read x; seq -f 'line %.0f.' 1 400000; echo all; read y");
  const anna = await typist(session, "anna");
  anna.type("\r");
  await sleep(50);
  const until = performance.now() + 2500;
  while (performance.now() < until);
  await shows(session, "line 400000.");
  await shows(session, "all");
  const file = fileOf(session);
  expect(marksIn(file)).toContainEqual(expect.stringMatching(/^output is missing here/u));
  expect([...shownIn(file).matchAll(/line \d+\./gu)].length).toBeLessThan(400_000);
  anna.type("\r");
  await ended(sessions, session);
});

test(
  "16 MiB are recorded and no more; the session and its keyboard go on",
  { timeout: 120_000 },
  async () => {
    const session = await started(
      "trap 'echo still here; stty -echo; read x; exit 7' INT; while :; do echo 'a line of output, as long as many lines are'; done",
    );
    const anna = await typist(session, "anna");
    await vi.waitFor(() => expect(marksIn(fileOf(session)).at(-1)).toMatch(/^recording ends here: 16 MiB/u), {
      timeout: 100_000,
      interval: 500,
    });
    const { size } = statSync(join(folderOf(session), "recording.cast"));
    expect(size).toBeGreaterThan(15 << 20);
    expect(size).toBeLessThanOrEqual(16 << 20);
    anna.type("\u0003");
    await screenShows(session, "still here");
    // Somebody else may have it, and nothing is begun anew.
    const bob = await typist(session, "bob", true);
    bob.type("\r");
    expect(await ended(sessions, session)).toMatchObject({ exitCode: 7 });
    expect(castsOf(session)).toEqual(["recording.cast"]);
    expect(statSync(join(folderOf(session), "recording.cast")).size).toBe(size);
    expect(unrecorded).toEqual([]);
  },
);

test("a disk that is full ends the recording with a whole line and one word about it, and nothing else", async () => {
  const session = await started("echo up; while read -r x; do seq $x; done");
  await screenShows(session, "up");
  const folder = folderOf(session);
  const record = readFileSync(join(folder, "record.json"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "none", folder]);
  try {
    writeFileSync(join(folder, "record.json"), record);
    const filler = join(folder, "filler");
    writeFileSync(filler, Buffer.alloc(400 << 10));
    const anna = await typist(session, "anna");
    anna.type("10\r");
    await shows(session, "10\r\n");
    anna.type("100000\r");
    await vi.waitFor(() => expect(unrecorded).toHaveLength(1), patient);
    expect(unrecorded[0]).toMatchObject({
      code: "file-unreadable",
      message: expect.stringMatching(/recording\.cast: ENOSPC/u),
    });
    // Every line of it is one.
    expect(shownIn(fileOf(session))).toContain("10\r\n");
    await screenShows(session, "100000");
    anna.type("7\r");
    await screenShows(session, "100000\n7\n1\n2\n");
    expect(unrecorded).toHaveLength(1);
    // When there is room again whoever comes next is recorded.
    rmSync(filler);
    const bob = await typist(session, "bob", true);
    bob.type("11\r");
    await shows(session, "10\r\n11\r\n", "recording-2.cast");
    expect(unrecorded).toHaveLength(1);
    await sessions.end(session, "SIGKILL");
    await ended(sessions, session);
  } finally {
    execFileSync("umount", [folder]);
  }
});

test("where no recording can be begun somebody types all the same, and that is told", async () => {
  const session = await started("cat");
  execFileSync("mount", ["-t", "tmpfs", "-o", "ro,size=64k", "none", folderOf(session)]);
  try {
    const anna = await typist(session, "anna");
    anna.type("typed\r");
    await screenShows(session, "typed\ntyped");
    expect(unrecorded).toMatchObject([
      { code: "file-unreadable", message: expect.stringContaining("EROFS") },
    ]);
  } finally {
    execFileSync("umount", [folderOf(session)]);
  }
  await sessions.end(session, "SIGKILL");
  await ended(sessions, session);
  expect(sessions.facts(session)).not.toHaveProperty("recordedBytes");
});
