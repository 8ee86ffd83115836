// Session deploy-<serial> of a played node: a line a change, its end, a panic after it, a newer head, and agents that come and go. tmux and systemd are real.
import { createLog } from "@chimera/proto/log";
import type { LocalStatus } from "@chimera/proto/local-api";
import { noLocalState } from "@chimera/proto/local-order";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import { createSessionsFixture, nameOf, type SessionsFixture } from "../host/sessions/sessions-fixture.ts";
import { composeLocalStatus } from "../local/compose-local-status.ts";
import { facts, journal, noon, panic } from "../local/local-fixture.ts";
import { tellDeploys } from "./tell-deploys.ts";

const log = createLog({ fields: {}, write: () => undefined });
let node: SessionsFixture;
let status: LocalStatus;
let sessions: HostSessions;
let note: () => void;

beforeAll(async () => {
  node = await createSessionsFixture();
});
afterAll(() => node.dispose());
beforeEach(() => begin());

/** Another agent, or the first. */
function begin(): void {
  sessions = node.agent();
  note = tellDeploys({ status: () => status, sessions, log });
}

const committed = composeLocalStatus(facts, noLocalState, noon);

const at = (serial: number, state: LocalStatus["state"], more: Partial<LocalStatus> = {}): LocalStatus => {
  const { accepted } = committed;
  const order = { ...journal.order, serial, rank: more.panic ? 1 : 0 };
  return {
    ...committed,
    state,
    accepted: accepted === null ? null : { ...accepted, serial },
    journal: { ...journal, order },
    ...more,
  };
};

async function becomes(next: LocalStatus): Promise<void> {
  status = next;
  note();
  // On a machine that is busy a synced write takes its time.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
}

async function shown(serial: number): Promise<string> {
  const source = await sessions.open(nameOf(`deploy-${serial}`), () => undefined);
  const picture = await source?.picture();
  source?.close();
  return Buffer.from(picture?.history ?? [])
    .toString("utf8")
    .replaceAll(/^\d\d:\d\d:\d\d /gmu, "");
}

const factsOf = (serial: number) => sessions.facts(nameOf(`deploy-${serial}`));

test("what was over before an agent began has no session, and what comes then has one, with a line a change", async () => {
  await becomes(at(7, "committed"));
  expect(factsOf(7)).toBeNull();
  await becomes(at(8, "fetching"));
  expect(factsOf(8)).toMatchObject({ state: "running", kind: "deploy", output: "log" });
  await becomes(at(8, "fetching"));
  await becomes(at(8, "probation"));
  await becomes(at(8, "committed"));
  expect(factsOf(8)).toMatchObject({ state: "ended", exitCode: 0 });
  expect(await shown(8)).toBe("head 8: fetching\nhead 8: probation\nhead 8: committed\n");
  await becomes(at(8, "committed"));
  expect(factsOf(8)?.state).toBe("ended");
});

test("a panic goes on in the session of its head, and a failure is its end, with the reason", async () => {
  await becomes(at(8, "activating", { panic: { ...panic, serial: 8 } }));
  expect(factsOf(8)).toMatchObject({ state: "running", exitCode: null, endedAt: null });
  const problem = { code: "activation-failed", message: "unit web.service failed", at: committed.at };
  await becomes(at(8, "revert-failed", { panic: { ...panic, serial: 8 }, problem }));
  expect(factsOf(8)).toMatchObject({
    state: "ended",
    exitCode: 1,
    note: expect.stringContaining("web.service"),
  });
  expect(await shown(8)).toContain("head 8: committed\nhead 8, undone by a panic: activating\n");
});

test("an agent goes on where another one ended, and ends what a newer head came after", async () => {
  await becomes(at(8, "committed"));
  await becomes(at(9, "fetching"));
  begin();
  await becomes(at(9, "probation"));
  expect(await shown(9)).toBe("head 9: fetching\nhead 9: probation\n");
  await becomes(at(10, "fetching"));
  expect(factsOf(9)).toMatchObject({ state: "ended", exitCode: 75, note: "head 10 came after it" });
  begin();
  await becomes(at(11, "fetching"));
  expect(factsOf(10)).toMatchObject({ state: "ended", exitCode: 75 });
  expect(factsOf(11)?.state).toBe("running");
});

test("it is no unit: after a restart of the machine it goes on, and nobody can end it", async () => {
  sessions = node.agent({ bootId: "another-boot" });
  note = tellDeploys({ status: () => status, sessions, log });
  await sessions.settled;
  expect(factsOf(11)?.state).toBe("running");
  await expect(sessions.end(nameOf("deploy-11"), "SIGKILL")).rejects.toThrow(/only shows/);
  await becomes(at(11, "committed"));
  expect(await shown(11)).toBe("head 11: fetching\nhead 11: committed\n");
});

test("whoever sits at the node reads it in tmux", async () => {
  await becomes(at(12, "fetching"));
  await expect.poll(screen, { timeout: 5_000 }).toContain("head 12: fetching");
});

/** Empty before it is there. */
function screen(): string {
  try {
    return node.tmux.tmux("-N", "capture-pane", "-p", "-t", "=deploy-12:");
  } catch {
    return "";
  }
}
