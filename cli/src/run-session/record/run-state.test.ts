/** What became of a run: also when whoever would have said so is gone. */
import { expect, test } from "vitest";
import { RunRecord, type Ending, type Process } from "./run-record.ts";
import { exitCodeOf, isLiving, stateOf } from "./run-state.ts";

const process = (pid: number): Process => ({ pid, startTicks: 100 * pid, boot: "b" });
const [maker, keeper, child] = [process(1), process(2), process(3)];

function record(changes: Partial<RunRecord>): RunRecord {
  return RunRecord.parse({
    v: 1,
    name: "deploy",
    n: 1,
    mode: "log",
    asked: { words: ["x"], isCommand: false, cwd: "/", env: null, noNix: false, loose: false },
    environment: { kind: "none", text: "none", store: null },
    command: ["x"],
    createdAt: "2026-11-23T12:00:00.000Z",
    maker,
    started: null,
    ended: null,
    ...changes,
  });
}

const started = { at: "2026-11-23T12:00:01.000Z", keeper, child };
const ended = (how: Ending) => ({ at: "2026-11-23T12:00:02.000Z", how });

test.each<[string, { changes: Partial<RunRecord>; alive: readonly Process[] }, string]>([
  ["made by somebody who is at it", { changes: {}, alive: [maker] }, "starting"],
  ["made by somebody who died", { changes: {}, alive: [] }, "lost"],
  ["watched", { changes: { started }, alive: [keeper, child] }, "running"],
  ["watched, its command just gone", { changes: { started }, alive: [keeper] }, "running"],
  ["not watched any more", { changes: { started }, alive: [child] }, "unwatched"],
  ["gone with its keeper", { changes: { started }, alive: [maker] }, "lost"],
  [
    "never a process, and its keeper gone",
    { changes: { started: { ...started, child: null } }, alive: [] },
    "lost",
  ],
  ["ended", { changes: { started, ended: ended({ kind: "exited", code: 3 }) }, alive: [keeper] }, "ended"],
  ["hung up", { changes: { started, ended: ended({ kind: "hung-up", number: 1 }) }, alive: [] }, "lost"],
])("a run that is %s", (_, { changes, alive }, state) => {
  const found = stateOf(record(changes), (one) => alive.some(({ pid }) => pid === one.pid));
  expect(found.kind).toBe(state);
  expect(isLiving(found)).toBe(["starting", "running", "unwatched"].includes(state));
});

test.each<[Ending, number]>([
  [{ kind: "exited", code: 0 }, 0],
  [{ kind: "exited", code: 255 }, 255],
  [{ kind: "signalled", signal: "SIGKILL", number: 9 }, 137],
  [{ kind: "signalled", signal: "SIGINT", number: 2 }, 130],
  [{ kind: "hung-up", number: 1 }, 129],
  [{ kind: "not-started", code: 127, reason: "gone" }, 127],
])("%j counts as %i", (how, code) => {
  expect(exitCodeOf(how)).toBe(code);
});
