/** Alarms that begin, stand and end with what the looks say. */
import { expect, test } from "vitest";
import { createStandingAlarms } from "./standing-alarms.ts";

function open(most?: number) {
  const events: string[] = [];
  const clock = { ms: 0 };
  const alarms = createStandingAlarms({
    onEvent: (event) =>
      event.type === "alarm" ? events.push(`${event.data.code} ${event.data.message}`) : 0,
    onRaised: () => undefined,
    nowMs: () => clock.ms,
    ...(most === undefined ? {} : { most }),
  });
  return { alarms, events, clock };
}

test("each is told when it begins and when it ends, and shown as long as looks say it", () => {
  const { alarms, events } = open();
  for (let look = 0; look < 3; look += 1) {
    alarms.raise("unreadable", "/etc/x");
    alarms.raise("unreadable", "/etc/x");
    alarms.endLook();
  }
  expect([events, alarms.shown()]).toEqual([["unreadable /etc/x"], ["/etc/x"]]);
  alarms.endLook();
  expect([events.slice(1), alarms.shown()]).toEqual([["unreadable over: /etc/x"], []]);
});

test("256 different ones leave one alarm that says so, and what comes later is told when some are over", () => {
  const { alarms, events, clock } = open(64);
  for (let i = 0; i < 256; i += 1) alarms.raise("unreadable", `/etc/x${i}`);
  alarms.raise("attributes-unseen", "lsattr is not there");
  alarms.endLook();
  expect(events).toHaveLength(65);
  expect(events.at(-1)).toContain("alarms-left-out more than these");
  expect(alarms.shown()).toHaveLength(10);
  expect(alarms.shown().slice(8)).toEqual([
    "56 more, which the alarms name",
    expect.stringContaining("no others"),
  ]);
  clock.ms += 60_000;
  alarms.raise("attributes-unseen", "lsattr is not there");
  alarms.endLook();
  alarms.raise("attributes-unseen", "lsattr is not there");
  alarms.endLook();
  expect(events.slice(65, 129).every((event) => event.startsWith("unreadable over: "))).toBe(true);
  expect(events.at(-1)).toBe("attributes-unseen lsattr is not there");
  expect(alarms.shown()).toEqual(["lsattr is not there"]);
});

test("one that comes and goes is told once in ten minutes, and again when it comes back later", () => {
  const { alarms, events, clock } = open();
  for (let minute = 0; minute < 21; minute += 1) {
    if (minute % 2 === 0) alarms.raise("unreadable", "/etc/x");
    alarms.endLook();
    clock.ms += 60_000;
  }
  expect(events).toEqual([
    "unreadable /etc/x",
    "unreadable over: /etc/x",
    "unreadable /etc/x",
    "unreadable over: /etc/x",
    "unreadable /etc/x",
  ]);
});

test("what no look says again is told, at most so often, and never shown", () => {
  const { alarms, events, clock } = open();
  alarms.tell("store-unreadable", "a");
  alarms.tell("store-unreadable", "a");
  clock.ms += 600_000;
  alarms.tell("store-unreadable", "a");
  expect([events, alarms.shown()]).toEqual([["store-unreadable a", "store-unreadable a"], []]);
});

test("where nobody looks any more nothing is told to be over", () => {
  const { alarms, events } = open();
  alarms.raise("unreadable", "/etc/x");
  alarms.clear();
  alarms.endLook();
  expect([events, alarms.shown()]).toEqual([["unreadable /etc/x"], []]);
});
