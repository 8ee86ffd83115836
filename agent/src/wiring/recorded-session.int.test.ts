/** What a node records of a session in which somebody types: on a real systemd and a real tmux, by signed orders. */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionName } from "@chimera/proto/sessions/session";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import { ended } from "../host/sessions/sessions-fixture.ts";
import { marksIn, shownIn, stepsOf } from "../sessions/cast-fixture.ts";
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

test("what is shown is recorded from the keyboard's giving to the end, and of what is typed who and how much", async () => {
  const session = await typed.started(
    "stty -echo; echo from before; cat > /dev/null; stty echo; echo ask; read x; echo got $x; exit 3",
  );
  await screenShows(session, "from before");
  expect(typed.castsOf(session)).toEqual([]);
  expect(sessions.facts(session)).not.toHaveProperty("recordedBytes");
  const anna = await typed.typist(session, "anna");
  expect(statSync(join(typed.folderOf(session), "recording.cast")).mode & 0o777).toBe(0o600);
  anna.type("hunter2-hunter2\r");
  anna.send({ kind: "size", size: { columns: 90, rows: 33 } });
  anna.type("\u0004");
  anna.send({ kind: "release" });
  await screenShows(session, "ask");
  const bob = await typed.typist(session, "bob");
  bob.type("visible ✓\r");
  expect(await ended(sessions, session)).toMatchObject({ state: "ended", exitCode: 3 });
  const file = typed.fileOf(session);
  expect(typed.castsOf(session)).toEqual(["recording.cast"]);
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
  expect(() => statSync(typed.folderOf(session))).toThrow("ENOENT");
});

test("a program hears of a new size after the recording does", async () => {
  const session = await typed.started("trap 'stty size' WINCH; echo up; while :; do sleep 0.05; done");
  await screenShows(session, "up");
  const anna = await typed.typist(session, "anna");
  for (const columns of [100, 60, 140]) {
    anna.send({ kind: "size", size: { columns, rows: 30 } });
    await shows(session, `30 ${columns}`);
  }
  const order = stepsOf(typed.fileOf(session)).flatMap((step) => {
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
  const session = await typed.started("cat");
  const anna = await typed.typist(session, "anna");
  anna.type("one\r");
  await shows(session, "one\r\none");
  const bob = await typed.typist(session, "bob", true);
  anna.type("stolen\r");
  bob.type("two\r\u0004");
  await ended(sessions, session);
  const file = typed.fileOf(session);
  expect(typed.castsOf(session)).toEqual(["recording.cast"]);
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
  const session = await typed.started(
    "seq -f 'row %.0f' 1 100; printf '\\033[31mred\\033[0m ünï 日本\\n'; cat",
  );
  await screenShows(session, "日本");
  const anna = await typed.typist(session, "anna");
  anna.type("typed ✓\r");
  await shows(session, "typed ✓\r\ntyped ✓");
  const played = join(typed.machine.tmux.folder, "played");
  writeFileSync(played, shownIn(typed.fileOf(session)));
  typed.machine.tmux.open("player", `stty raw; cat '${played}'; sleep 60`, { columns: 120, rows: 40 });
  const seen = (name: string) =>
    typed.machine.tmux.tmux("-N", "capture-pane", "-e", "-p", "-S", "-", "-t", `=${name}:`);
  await vi.waitFor(() => expect(seen("player")).toBe(seen(session)), patient);
  expect(seen("player")).toMatch(/^row 1\nrow 2\n/u);
  anna.type("\u0004");
  await ended(sessions, session);
});

test("an agent that was started anew leaves the recording as it is, and begins another one for the next who types", async () => {
  const session = await typed.started("cat");
  const anna = await typed.typist(session, "anna");
  anna.type("one\r");
  await shows(session, "one\r\none");
  begin();
  await sessions.settled;
  const first = typed.fileOf(session);
  expect(marksIn(first).slice(-2)).toEqual([
    "keyboard over: anna (anna-1) typed 4 bytes in all; the agent stops",
    "recording ends here: the agent stops",
  ]);
  expect(sessions.facts(session)?.recordedBytes).toBe(Buffer.byteLength(first));
  const bob = await typed.typist(session, "bob");
  bob.type("two\r\u0004");
  await ended(sessions, session);
  expect(typed.castsOf(session).toSorted()).toEqual(["recording-2.cast", "recording.cast"]);
  expect(typed.fileOf(session)).toBe(first);
  const second = typed.fileOf(session, "recording-2.cast");
  expect(shownIn(second)).toMatch(/one[^]*two\r\ntwo/u);
  expect(sessions.facts(session)?.recordedBytes).toBe(Buffer.byteLength(first + second));
});
