import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckResult, HealthCheck } from "@chimera/proto/health-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createCheckRunner, type CheckRunner, type CheckRunnerOptions } from "./check-runner.ts";

let folder: string;
let uptime: number;
let news: number;
let runner: CheckRunner;
let contact: () => Promise<boolean>;

function options(): CheckRunnerOptions {
  return {
    hasContact: () => contact(),
    toplevel: () => null,
    uptimeMs: () => uptime,
    now: () => "2026-01-01T00:00:00.000Z",
    onChange: () => {
      news += 1;
    },
  };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-runner-"));
  [uptime, news] = [1_000_000, 0];
  contact = () => Promise.resolve(true);
  runner = createCheckRunner(options());
});
afterEach(() => {
  runner.stop();
  rmSync(folder, { recursive: true });
});

/** Faster than any that somebody could order. */
type Times = Partial<Omit<HealthCheck, "kind">>;

function command(name: string, script: string, times: Times = {}): HealthCheck {
  const argv = ["/bin/sh", "-c", script, "sh", folder];
  return quick(HealthCheck.parse({ kind: "command", name, argv }), times);
}

function contactCheck(times: Times = {}): HealthCheck {
  return quick(HealthCheck.parse({ kind: "contact", name: "hub" }), times);
}

function quick(check: HealthCheck, times: Times): HealthCheck {
  return Object.assign(check, { everySeconds: 0.01 }, times);
}

const begin = (checks: HealthCheck[], id = "1") => runner.begin({ id, sinceMs: uptime, checks });
const [first, second] = [() => runner.results()[0], () => runner.results()[1]];
const until = (condition: () => boolean | Promise<boolean>) =>
  vi.waitUntil(condition, { timeout: 8_000, interval: 10 });
const linesOf = (file: string) =>
  existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim().split("\n") : [];

/** All processes that carry this folder's name. */
async function processes(): Promise<number> {
  const { readdir, readFile } = await import("node:fs/promises");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(folder)).length;
}

test("a runner that was never begun knows nothing, and may be stopped", () => {
  expect(runner.results()).toEqual([]);
  runner.stop();
});

test("passes and failures are counted in a row, and whoever waits for them is told", async () => {
  begin([command("web", `[ -e $1/ok ] || { echo no file >&2; exit 1; }`, { passes: 3, failures: 2 })]);
  expect(first()).toMatchObject({ name: "web", runs: 0, message: null });
  await until(() => (first()?.failuresInRow ?? 0) >= 2);
  expect(first()).toMatchObject({ passesInRow: 0, message: "ended with 1: no file" });
  expect(news).toBe(1);
  writeFileSync(join(folder, "ok"), "");
  await until(() => (first()?.passesInRow ?? 0) >= 3);
  expect(first()).toMatchObject({ failuresInRow: 0, message: "ended with 0" });
  expect(news).toBe(3);
  expect(CheckResult.parse(first())).toEqual(first());
  // Nothing new: nobody is woken.
  const runs = first()?.runs ?? 0;
  await until(() => (first()?.runs ?? 0) > runs + 3);
  expect(news).toBe(3);
});

test("failures in the grace do not count, a pass in it does", async () => {
  begin([
    command("late", "exit 1", { graceSeconds: 60 }),
    command("early", "exit 0", { graceSeconds: 60, passes: 1 }),
  ]);
  await until(() => (first()?.runs ?? 0) >= 5 && (second()?.passesInRow ?? 0) >= 1);
  expect(first()).toMatchObject({ failuresInRow: 0, message: "ended with 1" });
  uptime += 60_000;
  await until(() => (first()?.failuresInRow ?? 0) >= 1);
});

test("the same activation again changes nothing, another one begins at zero and ends what ran", async () => {
  const checks = [command("web", "exit 0"), command("slow", "sleep 300", { timeoutSeconds: 300 })];
  begin(checks);
  await until(async () => (first()?.runs ?? 0) >= 3 && (await processes()) > 0);
  begin([], "1");
  expect(first()?.runs).toBeGreaterThanOrEqual(3);
  begin([contactCheck({ everySeconds: 300 })], "2");
  expect(runner.results()).toMatchObject([{ name: "hub", runs: 0, passesInRow: 0 }]);
  await until(async () => (await processes()) === 0);
  expect(news).toBe(1);
});

test("the lead's checks are not run here", async () => {
  begin([command("lead", "echo ran >>$1/lead", { from: "lead" }), command("node", "exit 0")]);
  await until(() => (first()?.runs ?? 0) >= 2);
  expect(runner.results().map(({ name }) => name)).toEqual(["node"]);
  expect(linesOf("lead")).toEqual([]);
});

test("a run that takes too long has failed, and its program is gone before the next", async () => {
  const look = "for pid in $(cat $1/pids); do kill -0 $pid && echo $pid >>$1/overlaps; done";
  const script = `${look}; echo $$ >>$1/pids; trap '' TERM; sleep 300; sleep 300`;
  begin([command("slow", script, { timeoutSeconds: 0.05 })]);
  await until(() => (first()?.failuresInRow ?? 0) >= 3 && linesOf("pids").length >= 3);
  // On a busy machine it may take longer to be gone than the next run can wait.
  expect(first()?.message).toMatch(/^ran longer than 0\.05 s$|has not ended/);
  expect(linesOf("overlaps")).toEqual([]);
});

test("a run that ends for nobody is not joined by another, and goes on counting as a failure", async () => {
  const waiting: ((isThere: boolean) => void)[] = [];
  contact = () => new Promise((resolve) => waiting.push(resolve));
  begin([contactCheck({ timeoutSeconds: 0.02 })]);
  await until(() => (first()?.failuresInRow ?? 0) >= 4);
  expect(first()?.message).toBe("the run before has not ended, though it was told to");
  expect(waiting).toHaveLength(1);
  waiting[0]?.(true);
  await until(() => waiting.length === 2);
});

test("a check that throws has failed, and is run again", async () => {
  contact = () => Promise.reject(new Error("no road"));
  begin([contactCheck()]);
  await until(() => (first()?.failuresInRow ?? 0) >= 2);
  expect(first()?.message).toBe("could not be run: no road");
  contact = () => Promise.resolve(true);
  await until(() => (first()?.passesInRow ?? 0) >= 1);
});

test("no more than eight run at once, and each gets its turn", async () => {
  let [running, most] = [0, 0];
  contact = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return true;
  };
  begin(Array.from({ length: 64 }, (_, n) => contactCheck({ name: `c${n}`, everySeconds: 0.001 })));
  await until(() => runner.results().every(({ runs }) => runs >= 3));
  expect(most).toBe(8);
});

test("those that hang do not keep their places over another activation", async () => {
  let asked = 0;
  contact = () => {
    asked += 1;
    return new Promise(() => undefined);
  };
  begin(Array.from({ length: 64 }, (_, n) => contactCheck({ name: `c${n}`, timeoutSeconds: 300 })));
  await until(() => asked === 8);
  contact = () => Promise.resolve(true);
  begin([contactCheck()], "2");
  await until(() => (first()?.passesInRow ?? 0) >= 2);
  expect(asked).toBe(8);
});

test("nothing outlives the stop: no program, no count, no later beginning", async () => {
  const daemon = "sleep 300 & sleep 301 & trap '' TERM; wait";
  begin([command("a", daemon, { timeoutSeconds: 300 }), command("b", daemon, { timeoutSeconds: 300 })]);
  await until(async () => (await processes()) >= 2);
  runner.stop();
  begin([command("c", "echo ran >>$1/later")], "2");
  await until(async () => (await processes()) === 0);
  expect(runner.results().map(({ runs }) => runs)).toEqual([0, 0]);
  expect(linesOf("later")).toEqual([]);
  expect(news).toBe(0);
});
