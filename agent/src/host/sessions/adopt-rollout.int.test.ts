// The session of a rollout, whose unit somebody else starts, restarts and leaves: found, followed, and its end judged by what was noted.
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Digest } from "@chimera/proto/names";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTransientUnits } from "../systemd/transient-units.ts";
import { createSessionsFixture, ended, nameOf, type SessionsFixture } from "./sessions-fixture.ts";

let node: SessionsFixture;

beforeAll(async () => {
  node = await createSessionsFixture();
});
afterAll(() => node.dispose());

const head = Digest.parse("b".repeat(64));

/** As the tender does it: systemd forgets it at its end. */
async function lead(serial: number, script: string) {
  const unit = `chimera-rollout-0-${serial}.service`;
  const log = join(node.systemd.folder, `rollout-0-${serial}.log`);
  writeFileSync(log, "");
  const outlet = { name: "StandardOutputFileToAppend", kind: "text", value: log } as const;
  const asked = {
    name: unit,
    description: "a lead",
    program: "/bin/sh",
    argv: ["sh", "-c", script],
    environment: [],
    properties: [outlet],
  };
  expect(await startTransientUnits([asked], node.systemd.socket)).toEqual([null]);
  return { name: nameOf(`rollout-${serial}`), unit, log, head, what: `lead of head ${serial}` };
}

test("it is told as it runs, by one agent after another, and ended well when its end was noted", async () => {
  let end: string | null = null;
  const over = { endOfRollout: () => end };
  const first = node.agent(over);
  const rollout = await lead(7, "echo wave 1; sleep 1; echo wave 2");
  await first.adopt(rollout);
  const { run } = first.facts(rollout.name) ?? {};
  await first.adopt(rollout);
  expect(first.facts(rollout.name)).toMatchObject({ state: "running", kind: "rollout", run });
  await expect(first.end(rollout.name, "SIGTERM")).rejects.toThrow(/orders for the rollout/);
  const second = node.agent(over);
  await second.settled;
  expect(second.facts(rollout.name)).toMatchObject({ state: "running", run });
  end = "committed";
  expect(await ended(second, "rollout-7")).toMatchObject({
    state: "ended",
    exitCode: 0,
    note: "committed",
    bytes: 14,
  });
});

test("one whose end nobody noted is lost", async () => {
  const sessions = node.agent();
  const rollout = await lead(8, "sleep 60");
  await sessions.adopt(rollout);
  node.systemd.systemctl("stop", rollout.unit);
  expect(await ended(sessions, "rollout-8")).toMatchObject({ state: "lost", exitCode: null });
});

test("another rollout of its number takes its place, and nothing of the one before is shown", async () => {
  const sessions = node.agent();
  const rollout = await lead(9, "sleep 60");
  await sessions.adopt(rollout);
  const other = { ...rollout, unit: "chimera-rollout-1-9.service", log: `${rollout.log}.1` };
  appendFileSync(other.log, "other\n");
  const before = sessions.facts(rollout.name)?.run;
  await sessions.adopt(other);
  expect(sessions.facts(rollout.name)?.run).not.toBe(before);
  node.systemd.systemctl("stop", rollout.unit);
  // Its unit was never started.
  expect(await ended(sessions, "rollout-9")).toMatchObject({ state: "lost", bytes: 6 });
});
