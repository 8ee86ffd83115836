// Against a real systemd: what it keeps of a service that it was asked for, and how many it takes at once.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startSystemd, type SystemdFixture } from "../sessions/systemd-fixture.ts";
import {
  collectUnits,
  killUnits,
  listUnits,
  readRuns,
  startTransientUnits,
  type UnitProperty,
} from "./transient-units.ts";

let systemd: SystemdFixture;

beforeAll(async () => {
  systemd = await startSystemd();
});
afterAll(() => systemd.dispose());

const kept: readonly UnitProperty[] = [
  { name: "RemainAfterExit", kind: "flag", value: true },
  { name: "KillMode", kind: "text", value: "mixed" },
];

const unit = (name: string, argv: readonly string[], more: readonly UnitProperty[] = []) => ({
  name: `chimera-session-${name}.service`,
  description: "a test",
  program: "/bin/sh",
  argv,
  environment: ["PATH=/usr/bin:/bin", 'QUOTES=a "b" $HOME %n \\ ä'],
  properties: [...kept, ...more],
});

const log = (name: string): UnitProperty => ({
  name: "StandardOutputFileToAppend",
  kind: "text",
  value: join(systemd.folder, `${name}.log`),
});

async function ended(name: string) {
  const wanted = `chimera-session-${name}.service`;
  for (;;) {
    const found = (await listUnits([wanted], systemd.socket)).find((listed) => listed.name === wanted);
    if (found?.sub === "exited" || found?.active === "failed") return found;
    await sleep(20);
  }
}

async function runOf(name: string) {
  const [run] = await readRuns([`chimera-session-${name}.service`], systemd.socket);
  return run;
}

test("what it is given reaches the program as it is, and its code stays until somebody has read it", async () => {
  const script = 'printf "%s|" "$@" "$QUOTES"; exit 3';
  const words = ["sh", "-c", script, "sh", "$HOME ${HOME} %n", "a\nb", "'\"\\ ", "", "ä"];
  const refused = await startTransientUnits([unit("words", words, [log("words")])], systemd.socket);
  expect(refused).toEqual([null]);
  expect(await ended("words")).toMatchObject({ active: "active", sub: "exited" });
  expect(await runOf("words")).toMatchObject({ result: "success", execMainCode: 1, execMainStatus: 3 });
  const said = readFileSync(join(systemd.folder, "words.log"), "utf8");
  expect(said).toBe('$HOME ${HOME} %n|a\nb|\'"\\ ||ä|a "b" $HOME %n \\ ä|');
  await collectUnits(["chimera-session-words.service"], systemd.socket);
  expect(await listUnits(["chimera-session-words.service"], systemd.socket)).toEqual([]);
});

test("one that a signal ended says which, and times are the machine's", async () => {
  const before = Date.now();
  await startTransientUnits([unit("signal", ["sh", "-c", "sleep 60"])], systemd.socket);
  await sleep(100);
  expect(await killUnits([{ unit: "chimera-session-signal.service", signal: 15 }], systemd.socket)).toEqual([
    null,
  ]);
  await ended("signal");
  const run = await runOf("signal");
  expect(run).toMatchObject({ execMainCode: 2, execMainStatus: 15 });
  expect(run?.startedMs).toBeGreaterThanOrEqual(before);
  expect(run?.endedMs).toBeLessThanOrEqual(Date.now());
  await collectUnits(["chimera-session-signal.service"], systemd.socket);
});

test("a second one of a name is refused in systemd's own words, and so is one that cannot be", async () => {
  const twice = unit("twice", ["sh", "-c", "sleep 60"]);
  expect(await startTransientUnits([twice], systemd.socket)).toEqual([null]);
  const [again] = await startTransientUnits([twice], systemd.socket);
  expect(again).toContain("chimera-session-twice.service");
  const [odd] = await startTransientUnits(
    [{ ...unit("odd", ["sh"]), program: "relative/path" }],
    systemd.socket,
  );
  expect(odd).toContain("relative/path");
  await collectUnits(["chimera-session-twice.service"], systemd.socket);
});

test("125 at once are taken, and each keeps its own code", async () => {
  const names = Array.from({ length: 125 }, (_, index) => `many-${index}`);
  const units = names.map((name, index) => unit(name, ["sh", "-c", `exit ${index}`]));
  expect(await startTransientUnits(units, systemd.socket)).toEqual(names.map(() => null));
  const allEnded = async (): Promise<boolean> =>
    (await listUnits(["chimera-session-many-*"], systemd.socket)).every(({ sub }) => sub === "exited");
  await expect.poll(allEnded, { timeout: 30_000 }).toBe(true);
  const runs = await readRuns(
    names.map((name) => `chimera-session-${name}.service`),
    systemd.socket,
  );
  expect(runs.map(({ execMainStatus }) => execMainStatus)).toEqual(names.map((_, index) => index));
  await collectUnits(
    names.map((name) => `chimera-session-${name}.service`),
    systemd.socket,
  );
  expect(await listUnits(["chimera-session-many-*"], systemd.socket)).toEqual([]);
});
