// Sessions of a node from outside, over a real NATS server. systemd and tmux are real too.
import { setTimeout as sleep } from "node:timers/promises";
import { joinKeptPages } from "@chimera/proto/sessions/kept-page";
import { ListedSessions } from "@chimera/proto/sessions/session-frame";
import { SessionFacts } from "@chimera/proto/sessions/session";
import { listToken } from "@chimera/proto/sessions/view-ask";
import { streams, subjects } from "@chimera/proto/subjects";
import { RetentionPolicy, StorageType, type NatsConnection } from "nats";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { ControlSide } from "../control/control-side.ts";
import { fleetId, node } from "../control/fleet-fixture.ts";
import { createNodeFixture, type NodeFixture } from "../control/node-fixture.ts";
import { hearFrames, newViewer, watchSession } from "../control/sessions/viewer-fixture.ts";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import {
  createSessionsFixture,
  ended,
  nameOf,
  shell,
  type SessionsFixture,
} from "../host/sessions/sessions-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };
let machine: SessionsFixture;
let fixture: NodeFixture;
let sessions: HostSessions;
let control: ControlSide;
let operator: NatsConnection;

beforeAll(async () => {
  machine = await createSessionsFixture();
});
afterAll(() => machine.dispose());

beforeEach(async () => {
  fixture = await createNodeFixture();
  await fixture.nats.start();
  operator = await fixture.nats.operator();
  await addStream();
  sessions = machine.agent();
  control = fixture.start({ sessions: { sessions, holderOf: () => null } });
  while (!(await control.hasContact())) await sleep(50);
});
afterEach(() => fixture.dispose());

/** As the controller makes it. */
async function addStream(): Promise<void> {
  const manager = await operator.jetstreamManager();
  await manager.streams.add({
    name: streams.sessions,
    subjects: [subjects.all.sessions, subjects.all.sessionPages],
    storage: StorageType.Memory,
    retention: RetentionPolicy.Limits,
    max_msgs_per_subject: 1,
  });
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

/** The newest on each of these subjects, the one that was written last at the end. */
async function stored(subject: string): Promise<Uint8Array[]> {
  const manager = await operator.jetstreamManager();
  const { state } = await manager.streams.info(streams.sessions, { subjects_filter: subject });
  const found = await Promise.all(
    Object.keys(state.subjects ?? {}).map((name) =>
      manager.streams.getMessage(streams.sessions, { last_by_subj: name }),
    ),
  );
  return found.toSorted((a, b) => a.seq - b.seq).map(({ data }) => data);
}

async function toldFacts(name: string): Promise<SessionFacts | null> {
  const [data] = await stored(subjects.session(fleetId, node, name));
  return data === undefined || data.length === 0 ? null : SessionFacts.parse(JSON.parse(text(data)));
}

test("facts lie in NATS as soon as they change, and are gone when the session is forgotten", async () => {
  await sessions.start([shell("told", "sleep 0.5; exit 3")]);
  await vi.waitFor(async () => expect((await toldFacts("told"))?.state).toBe("running"), patient);
  await vi.waitFor(
    async () => expect(await toldFacts("told")).toMatchObject({ state: "ended", exitCode: 3 }),
    patient,
  );
  await sessions.remove(nameOf("told"));
  await vi.waitFor(async () => expect(await toldFacts("told")).toBeNull(), patient);
});

test("a viewer sees what was written before, what comes, and the end", async () => {
  await sessions.start([shell("seen", "echo before; sleep 1; echo after; exit 5")]);
  const view = watchSession(operator, "seen");
  await operator.flush();
  view.ask();
  await vi.waitFor(() => expect(view.text()).toBe("before\nafter\n"), patient);
  await vi.waitFor(
    () =>
      expect(view.frames.at(-1)?.head).toMatchObject({
        kind: "facts",
        facts: { state: "ended", exitCode: 5, viewers: 1 },
      }),
    patient,
  );
});

test("who watches one whose name another run takes is told so, and whoever comes then sees that one", async () => {
  await sessions.start([shell("name", "echo the first")]);
  await ended(sessions, "name");
  const first = watchSession(operator, "name");
  await operator.flush();
  first.ask();
  await vi.waitFor(() => expect(first.text()).toBe("the first\n"), patient);
  await sessions.start([shell("name", "echo the second; sleep 60")]);
  await vi.waitFor(
    () => expect(first.frames.at(-1)?.head).toMatchObject({ kind: "refused", code: "not-found" }),
    patient,
  );
  const second = watchSession(operator, "name");
  await operator.flush();
  second.ask();
  await vi.waitFor(() => expect(second.text()).toBe("the second\n"), patient);
  expect(first.text()).toBe("the first\n");
  await sessions.end(nameOf("name"), "SIGKILL");
  await ended(sessions, "name");
});

test("output of a kind that is kept lies in NATS when its node is gone, and of another kind it does not", async () => {
  const line = "0123456789".repeat(10);
  await sessions.start([
    shell("kept", `for i in $(seq 1 3000); do echo ${line}; done; sleep 1.5; echo last`),
    shell("not-kept", "echo something", { kind: "run" }),
  ]);
  await ended(sessions, "kept");
  const wanted = `${`${line}\n`.repeat(3000)}last\n`;
  await vi.waitFor(async () => {
    const kept = joinKeptPages(
      await stored(subjects.sessionPage(fleetId, node, { session: "kept", page: "*" })),
    );
    expect(kept?.stream).toBe(sessions.facts(nameOf("kept"))?.run);
    expect(text(kept?.bytes ?? new Uint8Array(0))).toBe(wanted);
  }, patient);
  expect(await stored(subjects.sessionPage(fleetId, node, { session: "not-kept", page: "*" }))).toEqual([]);
});

test("a terminal that is over leaves its last screen", async () => {
  await sessions.start([shell("drawn", "echo the last words; sleep 0.3", { output: "terminal" })]);
  await ended(sessions, "drawn");
  await vi.waitFor(async () => {
    const kept = joinKeptPages(
      await stored(subjects.sessionPage(fleetId, node, { session: "drawn", page: "*" })),
    );
    expect(text(kept?.bytes ?? new Uint8Array(0))).toContain("the last words");
  }, patient);
});

test("of a terminal the one who watched has all, and who comes after its end sees its last screen", async () => {
  await sessions.start([shell("over", "sleep 0.7; echo the last words", { output: "terminal" })]);
  const [early, late] = [watchSession(operator, "over"), watchSession(operator, "over")];
  await operator.flush();
  early.ask();
  await ended(sessions, "over");
  await vi.waitFor(() => expect(early.text()).toContain("the last words"), patient);
  await sleep(600);
  const sent = early.frames.length;
  late.ask();
  await vi.waitFor(() => expect(late.text()).toContain("the last words"), patient);
  early.ask();
  await sleep(100);
  expect(early.frames.slice(sent).filter(({ head }) => head.kind !== "facts")).toEqual([]);
});

test("after NATS has lost all it is told everything again", async () => {
  await sessions.start([shell("again", "echo kept; exit 1")]);
  await ended(sessions, "again");
  await vi.waitFor(async () => expect((await toldFacts("again"))?.exitCode).toBe(1), patient);
  await fixture.nats.restartBare();
  operator = await fixture.nats.operator();
  await vi.waitFor(async () => expect(await control.hasContact()).toBe(true), patient);
  // A controller that comes later than the node.
  await addStream();
  await vi.waitFor(async () => expect((await toldFacts("again"))?.exitCode).toBe(1), patient);
  await vi.waitFor(async () => {
    const kept = joinKeptPages(
      await stored(subjects.sessionPage(fleetId, node, { session: "again", page: "*" })),
    );
    expect(text(kept?.bytes ?? new Uint8Array(0))).toBe("kept\n");
  }, patient);
});

test("garbage on the command subject is answered as before, and a list as a list", async () => {
  const id = newViewer();
  const frames = hearFrames(operator, listToken, id);
  const acks = await fixture.listen();
  await fixture.publish(subjects.cmd(fleetId, node), "{");
  await fixture.publish(subjects.cmd(fleetId, node), {
    v: 1,
    view: { session: "a:b", viewer: id, seen: null, isOver: false },
  });
  await vi.waitFor(() => expect(acks).toHaveLength(2), patient);
  await sessions.start([shell("listed", "exit 0")]);
  await fixture.publish(subjects.cmd(fleetId, node), { v: 1, list: { viewer: id } });
  await vi.waitFor(() => expect(frames.at(-1)?.head).toEqual({ kind: "list", isLast: true }), patient);
  const listed = frames.flatMap(({ bytes }) => ListedSessions.parse(JSON.parse(text(bytes))));
  expect(listed.map(({ name }) => name)).toContain("listed");
});
