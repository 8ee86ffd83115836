/** What a node records of a session in which somebody types: on a real systemd and a real tmux, by signed orders. */
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import type { SessionName } from "@chimera/proto/sessions/session";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { sitDown, startTyped } from "../control/sessions/operators-fixture.ts";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import { createSessionsFixture, ended, type SessionsFixture } from "../host/sessions/sessions-fixture.ts";
import { marksIn, shownIn, stepsOf } from "../sessions/cast-fixture.ts";
import { wireSessionOrders, type SessionOrdersWiring } from "./wire-session-orders.ts";

const patient = { timeout: 30_000, interval: 20 };
let machine: SessionsFixture;
let sessions: HostSessions;
let orders: NonNullable<SessionOrdersWiring["orders"]>;

beforeAll(async () => {
  machine = await createSessionsFixture();
});
afterAll(() => machine.dispose());
beforeEach(begin);
afterEach(() => orders.close());

/** Another agent; the one before is as if killed. */
function begin(): void {
  sessions = machine.agent();
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

test("what is shown is recorded from the keyboard's giving to the end, and of what is typed who and how much", async () => {
  const session = await started(
    "stty -echo; echo from before; cat > /dev/null; stty echo; echo ask; read x; echo got $x; exit 3",
  );
  await screenShows(session, "from before");
  expect(castsOf(session)).toEqual([]);
  expect(sessions.facts(session)).not.toHaveProperty("recordedBytes");
  const anna = await typist(session, "anna");
  expect(statSync(join(folderOf(session), "recording.cast")).mode & 0o777).toBe(0o600);
  anna.type("hunter2-hunter2\r");
  anna.send({ kind: "size", size: { columns: 90, rows: 33 } });
  anna.type("\u0004");
  anna.send({ kind: "release" });
  await screenShows(session, "ask");
  const bob = await typist(session, "bob");
  bob.type("visible ✓\r");
  expect(await ended(sessions, session)).toMatchObject({ state: "ended", exitCode: 3 });
  const file = fileOf(session);
  expect(castsOf(session)).toEqual(["recording.cast"]);
  expect(file).not.toContain("hunter");
  expect(shownIn(file)).toMatch(/from before[^]*visible ✓\r\n(.\[[0-9;?]*[a-z])*got visible ✓\r\n$/iu);
  expect(stepsOf(file)).toContainEqual(
    expect.objectContaining({ kind: "resize", size: { columns: 90, rows: 33 } }),
  );
  expect(marksIn(file)).toEqual([
    `keyboard: anna (anna-1), by order ${anna.id.slice(0, 12)}`,
    "anna (anna-1) typed 17 bytes",
    "keyboard over: anna (anna-1) typed 17 bytes in all; its holder gave it back",
    `keyboard: bob (bob-1), by order ${bob.id.slice(0, 12)}`,
    "bob (bob-1) typed 12 bytes",
    "keyboard over: bob (bob-1) typed 12 bytes in all; the session has ended: exit code 3",
    "recording ends here: the session has ended: exit code 3",
  ]);
  expect(sessions.facts(session)?.recordedBytes).toBe(Buffer.byteLength(file));
  // The next agent knows it too, and it goes with the session.
  begin();
  expect(sessions.facts(session)?.recordedBytes).toBe(Buffer.byteLength(file));
  await sessions.remove(session);
  expect(() => statSync(folderOf(session))).toThrow("ENOENT");
});

test("a program hears of a new size after the recording does", async () => {
  const session = await started("trap 'stty size' WINCH; echo up; while :; do sleep 0.05; done");
  await screenShows(session, "up");
  const anna = await typist(session, "anna");
  for (const columns of [100, 60, 140]) {
    anna.send({ kind: "size", size: { columns, rows: 30 } });
    await shows(session, `30 ${columns}`);
  }
  const order = stepsOf(fileOf(session)).flatMap((step) => {
    if (step.kind === "resize") return [`r${step.size.columns}`];
    return step.kind === "output"
      ? [...step.text.matchAll(/30 (\d+)/gu)].map(([, columns]) => `o${columns}`)
      : [];
  });
  expect(order).toEqual(["r100", "o100", "r60", "o60", "r140", "o140"]);
  await sessions.end(session, "SIGKILL");
  await ended(sessions, session);
});

test("who takes it over is in the same recording, behind whom he took it from", async () => {
  const session = await started("cat");
  const anna = await typist(session, "anna");
  anna.type("one\r");
  await shows(session, "one\r\none");
  const bob = await typist(session, "bob", true);
  anna.type("stolen\r");
  bob.type("two\r\u0004");
  await ended(sessions, session);
  const file = fileOf(session);
  expect(castsOf(session)).toEqual(["recording.cast"]);
  expect(shownIn(file)).toMatch(/two\r\ntwo/u);
  expect(file).not.toContain("stolen");
  expect(marksIn(file).filter((text) => text.startsWith("keyboard"))).toEqual([
    `keyboard: anna (anna-1), by order ${anna.id.slice(0, 12)}`,
    "keyboard over: anna (anna-1) typed 4 bytes in all; somebody else took it",
    `keyboard: bob (bob-1), by order ${bob.id.slice(0, 12)}`,
    "keyboard over: bob (bob-1) typed 5 bytes in all; the session has ended: exit code 0",
  ]);
});

test("played into an empty terminal it shows what there was to be seen, with what had scrolled away before", async () => {
  const session = await started("seq -f 'row %.0f' 1 100; printf '\\033[31mred\\033[0m ünï 日本\\n'; cat");
  await screenShows(session, "日本");
  const anna = await typist(session, "anna");
  anna.type("typed ✓\r");
  await shows(session, "typed ✓\r\ntyped ✓");
  const played = join(machine.tmux.folder, "played");
  writeFileSync(played, shownIn(fileOf(session)));
  machine.tmux.open("player", `stty raw; cat '${played}'; sleep 60`, { columns: 120, rows: 40 });
  const seen = (name: string) =>
    machine.tmux.tmux("-N", "capture-pane", "-e", "-p", "-S", "-", "-t", `=${name}:`);
  await vi.waitFor(() => expect(seen("player")).toBe(seen(session)), patient);
  expect(seen("player")).toMatch(/^row 1\nrow 2\n/u);
  anna.type("\u0004");
  await ended(sessions, session);
});

test("an agent that was started anew leaves the recording as it is, and begins another one for the next who types", async () => {
  const session = await started("cat");
  const anna = await typist(session, "anna");
  anna.type("one\r");
  await shows(session, "one\r\none");
  begin();
  await sessions.settled;
  const first = fileOf(session);
  expect(marksIn(first).slice(-2)).toEqual([
    "keyboard over: anna (anna-1) typed 4 bytes in all; the agent stops",
    "recording ends here: the agent stops",
  ]);
  expect(sessions.facts(session)?.recordedBytes).toBe(Buffer.byteLength(first));
  const bob = await typist(session, "bob");
  bob.type("two\r\u0004");
  await ended(sessions, session);
  expect(castsOf(session).toSorted()).toEqual(["recording-2.cast", "recording.cast"]);
  expect(fileOf(session)).toBe(first);
  const second = fileOf(session, "recording-2.cast");
  expect(shownIn(second)).toMatch(/one[^]*two\r\ntwo/u);
  expect(sessions.facts(session)?.recordedBytes).toBe(Buffer.byteLength(first + second));
});
