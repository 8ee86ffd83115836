// Sessions on a real systemd and a real tmux server: their codes, their output, and agents that come and go.
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listUnits } from "../systemd/transient-units.ts";
import { createSessionsFixture, ended, nameOf, shell, type SessionsFixture } from "./sessions-fixture.ts";

let node: SessionsFixture;

beforeAll(async () => {
  node = await createSessionsFixture();
});
afterAll(() => node.dispose());

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const units = () => listUnits(["chimera-session-*"], node.systemd.socket);

async function outputOf(sessions: ReturnType<SessionsFixture["agent"]>, name: string): Promise<string> {
  const source = await sessions.open(nameOf(name), () => undefined);
  if (source === null) throw new Error(`there is no session ${name}`);
  const { history, screen } = await source.picture();
  source.close();
  return text(history) + text(screen);
}

test("a command's code, signal, output and times are told, and systemd keeps nothing of it", async () => {
  const sessions = node.agent();
  const started = await sessions.start([
    shell("code", "echo out; echo err >&2; exit 7"),
    shell("signal", "kill -USR1 $$"),
    shell("well", 'pwd; echo "$WORD"', { env: { WORD: "a  b" } }),
  ]);
  expect(started.map(({ kind }) => kind)).toEqual(["started", "started", "started"]);
  expect(await ended(sessions, "code")).toMatchObject({
    state: "ended",
    exitCode: 7,
    signal: null,
    bytes: 8,
  });
  expect(await ended(sessions, "signal")).toMatchObject({ exitCode: null, signal: "SIGUSR1" });
  const well = await ended(sessions, "well");
  expect(well).toMatchObject({ exitCode: 0, kind: "task", what: "a test", output: "log" });
  expect(Date.parse(well.endedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(well.createdAt) - 1000);
  expect(await outputOf(sessions, "code")).toBe("out\nerr\n");
  expect(await outputOf(sessions, "well")).toBe("/\na  b\n");
  await expect.poll(units).toEqual([]);
});

test("an agent that was killed is followed by one that knows all of them, also those that ended meanwhile", async () => {
  const first = node.agent();
  await first.start([shell("short", "sleep 0.2; exit 4"), shell("long", "sleep 1; exit 5")]);
  first.close();
  await sleep(400);
  const second = node.agent();
  expect(await ended(second, "short")).toMatchObject({ state: "ended", exitCode: 4 });
  expect(second.facts(nameOf("long"))?.state).toBe("running");
  expect(await ended(second, "long")).toMatchObject({ state: "ended", exitCode: 5 });
  // And a third one still knows.
  expect(node.agent().facts(nameOf("short"))).toMatchObject({ exitCode: 4, state: "ended" });
});

test("after a boot those that ran are lost, and so is one whose unit somebody took away", async () => {
  const first = node.agent();
  await first.start([shell("before", "sleep 60"), shell("stopped", "sleep 60")]);
  first.close();
  const second = node.agent({ bootId: "another-boot" });
  expect(await ended(second, "before")).toMatchObject({ state: "lost", exitCode: null, endedAt: null });
  expect(second.facts(nameOf("stopped"))?.note).toContain("restarted");
  // Here it was no real one.
  node.systemd.systemctl("stop", "chimera-session-before.service", "chimera-session-stopped.service");
  const third = node.agent();
  await third.start([shell("taken", "sleep 60")]);
  node.systemd.systemctl("stop", "chimera-session-taken.service");
  expect(await ended(third, "taken")).toMatchObject({
    state: "lost",
    note: expect.stringContaining("its unit is gone"),
  });
});

test("one that does not care about SIGTERM is killed, and one that does is not", async () => {
  const sessions = node.agent({ uptimeMs: () => Math.round(performance.now() * 40) });
  await sessions.start([
    shell("deaf", "trap '' TERM; echo up; while :; do sleep 0.1; done"),
    shell("polite", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.02; done"),
  ]);
  await expect
    .poll(() => [sessions.facts(nameOf("deaf"))?.bytes, sessions.facts(nameOf("polite"))?.bytes])
    .toEqual([3, 3]);
  await sessions.end(nameOf("polite"), "SIGTERM");
  expect(await ended(sessions, "polite")).toMatchObject({ exitCode: 3, signal: null });
  await sessions.end(nameOf("deaf"), "SIGTERM");
  expect(await ended(sessions, "deaf")).toMatchObject({ exitCode: null, signal: "SIGKILL" });
});

test("a time limit ends it, and says so", async () => {
  const sessions = node.agent();
  await sessions.start([shell("late", "sleep 60", { timeoutMs: 300 })]);
  expect(await ended(sessions, "late")).toMatchObject({
    signal: "SIGTERM",
    note: expect.stringContaining("300 ms"),
  });
  await expect.poll(units).toEqual([]);
});

test("what a command leaves behind ends with it", async () => {
  const sessions = node.agent();
  await sessions.start([shell("leaves", "sleep 1000 & echo $!")]);
  await ended(sessions, "leaves");
  const pid = (await outputOf(sessions, "leaves")).trim();
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
});

test("where a record cannot be written nothing runs that nobody would know of", async () => {
  const sessions = node.agent();
  await sessions.settled;
  const folder = join(node.stateDir, "sessions");
  renameSync(folder, `${folder}-away`);
  writeFileSync(folder, "no folder");
  const outcomes = await sessions.start([shell("unknown", "sleep 60")]);
  // An agent that starts there drives its node all the same.
  expect(node.agent().list()).toEqual([]);
  rmSync(folder);
  renameSync(`${folder}-away`, folder);
  expect(outcomes).toMatchObject([{ kind: "refused", code: "file-unreadable" }]);
  expect(await units()).toEqual([]);
});

test("what cannot be is refused, and nothing of it stays", async () => {
  const sessions = node.agent();
  const outcomes = await sessions.start([
    shell("no-program", "", { argv: ["no-such-program-here"] }),
    shell("zero", "", { argv: ["sh", "-c", "a\0b"] }),
    shell("sentinel", "true"),
    shell("twice", "sleep 60"),
    shell("twice", "sleep 60"),
  ]);
  const codes = outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.code : outcome.kind));
  expect(codes).toEqual(["command-missing", "input-invalid", "input-invalid", "started", "write-conflict"]);
  expect(sessions.facts(nameOf("no-program"))).toBeNull();
  await expect(sessions.remove(nameOf("twice"))).rejects.toThrow(ChimeraError);
  await sessions.end(nameOf("twice"), "SIGKILL");
  await ended(sessions, "twice");
  await sessions.remove(nameOf("twice"));
  expect(node.agent().facts(nameOf("twice"))).toBeNull();
});

test("a script whose interpreter is missing has an end that says so", async () => {
  const sessions = node.agent();
  const script = join(node.stateDir, "odd");
  writeFileSync(script, "#!/nowhere/interpreter\n", { mode: 0o755 });
  await sessions.start([shell("odd", "", { argv: [script] }), shell("even", "exit 6")]);
  expect(await ended(sessions, "odd")).toMatchObject({
    state: "ended",
    exitCode: 203,
    note: "systemd could not execute its program",
  });
  expect(await ended(sessions, "even")).toMatchObject({ exitCode: 6 });
});

test("a name that is free again is another run, with nothing of the one before", async () => {
  const sessions = node.agent();
  await sessions.start([shell("again", "echo one")]);
  const one = await ended(sessions, "again");
  await sessions.start([shell("again", "echo two; exit 2")]);
  await expect.poll(() => sessions.facts(nameOf("again"))?.exitCode).toBe(2);
  expect(sessions.facts(nameOf("again"))?.run).not.toBe(one.run);
  expect(await outputOf(sessions, "again")).toBe("two\n");
});

test("of endless output the disk keeps the newest, and the facts say what is gone", async () => {
  const sessions = node.agent();
  const mostBytes = 8 << 20;
  await sessions.start([
    shell("flood", "yes 0123456789abcdef | head -c 300000000; echo the end", { mostBytes }),
  ]);
  const facts = await ended(sessions, "flood");
  expect(facts).toMatchObject({ exitCode: 0, bytes: 300_000_008 });
  expect(facts.dropped).toBeGreaterThan(300_000_000 - mostBytes - (1 << 20));
  const log = join(node.stateDir, "sessions/flood/output.log");
  await expect.poll(() => statSync(log).blocks * 512).toBeLessThan(mostBytes + (2 << 20));
  expect((await outputOf(sessions, "flood")).endsWith("the end\n")).toBe(true);
});

test("an agent that leaves has begun what it was asked for", async () => {
  const first = node.agent();
  const starting = first.start([shell("begun", "sleep 0.3; exit 8")]);
  first.close();
  await first.drained();
  expect(await starting).toMatchObject([{ kind: "started" }]);
  expect(await ended(node.agent(), "begun")).toMatchObject({ exitCode: 8 });
});

test("125 at once each have their own end", async () => {
  const sessions = node.agent();
  const names = Array.from({ length: 125 }, (_, index) => `many-${index}`);
  const outcomes = await sessions.start(names.map((name, index) => shell(name, `exit ${index % 100}`)));
  expect(outcomes.every(({ kind }) => kind === "started")).toBe(true);
  const ends = await Promise.all(names.map((name) => ended(sessions, name)));
  expect(ends.map(({ exitCode }) => exitCode)).toEqual(names.map((_, index) => index % 100));
});

test("a record that cannot be read is a session that is lost, and no other one suffers", async () => {
  const first = node.agent();
  await first.start([shell("torn", "true"), shell("whole", "true")]);
  await Promise.all(["torn", "whole"].map((name) => ended(first, name)));
  writeFileSync(join(node.stateDir, "sessions/torn/record.json"), '{"v":1,"na');
  const second = node.agent();
  expect(second.facts(nameOf("torn"))).toMatchObject({
    state: "lost",
    note: expect.stringContaining("could not be read"),
  });
  expect(second.facts(nameOf("whole"))).toMatchObject({ state: "ended", exitCode: 0 });
});

test("a unit that runs on while its record cannot be read is told, and one that has ended is not", async () => {
  const first = node.agent();
  await first.start([shell("unread", "sleep 30"), shell("unread-over", "sleep 0.5")]);
  first.close();
  for (const name of ["unread", "unread-over"])
    writeFileSync(join(node.stateDir, "sessions", name, "record.json"), '{"v":1,"na');
  await expect
    .poll(async () => (await units()).find(({ name }) => name.includes("unread-over"))?.sub)
    .toBe("exited");
  const second = node.agent();
  const told: string[] = [];
  second.onStrangers((found) => told.push(...found));
  await second.settled;
  expect(told).toEqual(["chimera-session-unread.service"]);
});
