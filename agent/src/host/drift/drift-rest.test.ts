/** What is put back of a path that somebody fights over, by a clock that the test moves. */
import type { DriftItem } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isGravePath } from "../../reconcile/drift/grave-paths.ts";
import { createResponder, type ResponderOptions } from "./drift-response.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "Date"] }));
afterEach(() => void vi.useRealTimers());

function fight(path: string, over: Partial<ResponderOptions> = {}) {
  const events: NodeEventBody[] = [];
  const log = createLog({ fields: {}, write: () => {} });
  const onEvent = (event: NodeEventBody) => void events.push(event);
  const responder = createResponder({ mode: "revert", isHeld: () => false, onEvent, log, ...over });
  const found = { type: "file", size: 1, mode: "0440", uid: 0, gid: 0 } as const;
  const item: DriftItem = { path, kind: "content", expected: found, found };
  let reverts = 0;
  const revert = async () => {
    reverts += 1;
    return { kind: "reverted", evidence: null, notes: [] } as const;
  };
  return {
    responder,
    events,
    look: () => responder.respond({ item, since: performance.now(), revert }),
    reverts: () => reverts,
  };
}

/** Eleven writes in a second, and the look of each minute of the ten that it rests. */
async function playRest({
  look,
  reverts,
}: ReturnType<typeof fight>): Promise<{ before: number; after: number }> {
  for (let i = 0; i < 11; i += 1) await look();
  const before = reverts();
  for (let minute = 0; minute < 9; minute += 1) {
    vi.advanceTimersByTime(60_000);
    await look();
    // A hint that came in beside the sweep.
    await look();
  }
  return { before, after: reverts() };
}

test("what hands out rights is put back at each sweep while it rests, and not at each write", async () => {
  const sudoers = fight("/etc/sudoers");
  expect(await playRest(sudoers)).toEqual({ before: 10, after: 19 });
  const alarms = sudoers.events.filter(({ type }) => type === "alarm");
  expect(alarms).toMatchObject([
    { data: { message: expect.stringContaining("/etc/sudoers: put back 10 times in a minute") } },
  ]);
  expect(alarms).toMatchObject([
    { data: { message: expect.stringContaining("put back once a minute until") } },
  ]);
  expect(sudoers.responder.summary().fought).toMatchObject([{ path: "/etc/sudoers", trips: 1 }]);
});

test("any other path rests", async () => {
  expect(await playRest(fight("/etc/hosts"))).toEqual({ before: 10, after: 10 });
});

test("what is held is not put back for it", async () => {
  expect(await playRest(fight("/etc/sudoers", { isHeld: () => true }))).toEqual({ before: 0, after: 0 });
});

test.each([
  ["/etc/sudoers", true],
  ["/etc/sudoers.d/x", true],
  ["/etc/pam.d", true],
  ["/etc/pam.d/sshd", true],
  ["/etc/ssh/sshd_config", true],
  ["/etc/ssh/authorized_keys.d/root", true],
  ["/etc/static", true],
  ["/run/wrappers/bin/sudo", true],
  ["/etc/ssh/ssh_config", false],
  ["/etc/ssh/ssh_known_hosts", false],
  ["/etc/sudoers.bak", false],
  ["/etc/nginx/pam.d", false],
  ["/etc/hosts", false],
])("%s", (path, isGrave) => expect(isGravePath(path)).toBe(isGrave));
