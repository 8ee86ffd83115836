/** `chimera sessions` as people see it. */
import { Digest, NodeName } from "@chimera/proto/names";
import type { ListedSession } from "@chimera/proto/sessions/session-api";
import type { SessionFacts } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { expect, test } from "vitest";
import { plain } from "../paint.ts";
import { missingText } from "./session-words.ts";
import { sessionsTable } from "./sessions-table.ts";

const saidAt = "2026-11-30T02:00:00.000Z";
const listed = (name: string, changes: Partial<SessionFacts> = {}): ListedSession => ({
  node: NodeName.parse("web-1"),
  saidAt,
  facts: sessionFacts(name, { bytes: 2048, ...changes }),
});
const ageMs = (time: string): number => Date.parse("2026-11-30T02:10:00.000Z") - Date.parse(time);

test("one line a session: how it is, who looks, who types", () => {
  const endedAt = "2026-11-30T02:01:00.000Z";
  const keyboard = { order: Digest.parse("a".repeat(64)), holder: "anna", until: saidAt };
  const rows = [
    listed("rollout-7", { kind: "rollout", viewers: 2, keyboard }),
    listed("deploy-6", { state: "ended", exitCode: 3, endedAt, what: "two\u001b[2J\nlines" }),
    listed("deploy-5", { state: "ended", signal: "SIGKILL", endedAt }),
    listed("deploy-4", { state: "lost", endedAt }),
  ];
  expect(sessionsTable(rows, ageMs, plain)).toMatchInlineSnapshot(`
    "SESSION          KIND     STATE          LASTED  ENDED    OUTPUT   VIEWERS  KEYBOARD  WHAT
    web-1/rollout-7  rollout  running        10 m    -        2.0 KiB  2        anna      head 7
    web-1/deploy-6   deploy   ended 3        60 s    9 m ago  2.0 KiB  -        -         two lines
    web-1/deploy-5   deploy   ended SIGKILL  60 s    9 m ago  2.0 KiB  -        -         head 7
    web-1/deploy-4   deploy   lost           60 s    9 m ago  2.0 KiB  -        -         head 7
    "
  `);
});

test("without any it says how to see more", () => {
  expect(sessionsTable([], ageMs, plain)).toBe("no sessions (with --all also those that have ended)\n");
});

test("what is missing is said with its size, where anybody knows it", () => {
  expect([missingText(1), missingText(1_234_567), missingText(null)]).toEqual([
    "1 byte is missing here",
    "1,234,567 bytes are missing here",
    "an unknown number of bytes are missing here",
  ]);
});
