/** Lines of the timeline, with nodes that write escape sequences, 100 KB of them, and what only a newer agent says. */
import { ForeignEvent, NodeEvent, type NodeEventType } from "@chimera/proto/event";
import { NodeEventBody } from "@chimera/proto/event";
import { expect, test } from "vitest";
import { plain } from "../paint.ts";
import { entryLine, short, type Entry } from "./entry.ts";
import { eventGist } from "./event-gist.ts";

const evil = "x\u001b]52;c;ZXZpbA==\u0007\u001b[2Jy\nz\u009b31m\u202e";
const at = "2026-11-29T12:00:00.000Z";
const digest = "ab".repeat(32);
const toplevel = "/nix/store/5q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-nixos-system-n1";
const facts = { type: "file", size: 3 };
const item = { path: `/etc/${evil}`, kind: "content", expected: facts, found: facts };
const envelope = {
  payloadType: "x",
  payload: "",
  signatures: [{ keyid: "k", sig: Buffer.alloc(64).toString("base64") }],
};
const refused = { document: "head", id: null, signedBy: [evil], claims: [], code: evil, message: evil };
const record = { v: 1, head: digest, lease: 3, phase: "paused", reason: evil, at, lead: "n2" };
const order = { epoch: 0, serial: 7, rank: 1, id: digest, local: null };

const said: Record<NodeEventType, [data: object, line: RegExp]> = {
  "agent-started": [{ version: evil, path: null }, /agent +agent xy z started$/u],
  "document-accepted": [
    { document: "head", id: digest, signedBy: [evil], epoch: 0, serial: 7, world: digest },
    /accepted +accepted head 0\.7 \(anna\) \(by xy z\)$/u,
  ],
  "document-refused": [refused, /refused +refused head: xy z: xy z \(by xy z\)$/u],
  "state-changed": [
    { from: "probation", to: "reverting", toplevel, order, problem: { code: "contact-lost", message: evil } },
    /state +probation -> reverting 5q2wz4r1-nixos-system-n1: contact-lost: xy z \(by the way back from head 0\.7 \(anna\)\)$/u,
  ],
  "activation-finished": [
    { toplevel, result: "failed", exitCode: 4, ms: 120, failedUnits: [evil] },
    /activation failed 5q2.* in 120 ms: exit 4, xy z$/u,
  ],
  unhealthy: [
    { toplevel, check: evil, message: evil, action: "alarm" },
    /health +unhealthy .*: xy z \(by alarm after commit\)$/u,
  ],
  healthy: [{ toplevel, check: evil }, /health +healthy again .*check xy z$/u],
  receipt: [{ receipt: envelope }, /receipt +a receipt that cannot be read: /u],
  "rollout-changed": [
    record,
    /rollout +paused head 0\.7 \(anna\): xy z \(by lead n2, lease 3, as n1 says, who is not that lead\)$/u,
  ],
  "local-order": [
    { action: "apply", toplevel, until: at, author: evil, reason: evil },
    /local +root: apply 5q2.* until 2026.*: xy z \(by xy z\)$/u,
  ],
  "drift-found": [item, /drift +found content \/etc\/x\\x1b\]52;c;.*\\x0az/u],
  "drift-summed": [
    { found: 0, reverted: 7, unreverted: 2, evidence: 3, from: at, until: at, paths: ["/etc/a", "/etc/b"] },
    /drift +put back 7 more \(3 kept as evidence\), could not put back 2 more.*\/etc\/a, \/etc\/b/u,
  ],
  "drift-reverted": [{ item, ms: 12 }, /drift +put back content .* in 12 ms$/u],
  "drift-unreverted": [{ item, code: evil, message: evil }, /not put back content .*: xy z: xy z$/u],
  "keyboard-held": [
    { session: "exec-1", order: digest, holder: evil, since: at, typedBytes: 7, refused: 1, reason: evil },
    /session +7 bytes typed into exec-1 since 2026.*: xy z \(by xy z\)$/u,
  ],
  alarm: [{ code: evil, message: evil }, /alarm +alarm xy z: xy z$/u],
};

function eventOf(type: string, data: unknown) {
  const event = { specversion: "1.0", id: "1", source: "n1", time: at, datacontenttype: "application/json" };
  return { ...event, type, data };
}

const context = {
  nameOf: (id: string) => (id === digest ? "head 0.7 (anna)" : undefined),
  isReboot: () => false,
};

function lineOf(event: NodeEvent | ForeignEvent, changes: Partial<Entry> = {}): string {
  const gist = eventGist(event, context);
  const rest = { at, saidAt: at, lateMs: 0, node: "n1", signed: false, data: null };
  return entryLine({ ...gist, ...rest, ...changes }, plain);
}

test("there is a case for every type of event", () => {
  const types = NodeEventBody.options.map(({ shape }) => shape.type.value);
  expect(Object.keys(said).toSorted()).toEqual(types.toSorted());
});

test.each(Object.entries(said))("%s is one clean line", (type, [data, expected]) => {
  const line = lineOf(NodeEvent.parse(eventOf(type, data)));
  expect(line).toMatch(/^2026-11-29 12:00:00 {2}n1 {12}\S+ +\S[^\n]*\n$/u);
  expect(line.trimEnd()).toMatch(expected);
  expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u202e]/u);
});

test.each<[string, unknown, RegExp]>([
  ["teleported", { to: evil }, /other +teleported: \{"to":"x\\u001b\]52/u],
  ["teleported", null, /other +teleported: null/u],
  ["teleported", undefined, /other +teleported: null/u],
  // A type that is known, saying what is not.
  ["state-changed", { from: "asleep", to: "dreaming" }, /other +state-changed: \{"from":"asleep"/u],
])("what a newer agent says is shown as it is: %s %j", (type, data, expected) => {
  const line = lineOf(ForeignEvent.parse(eventOf(type, data)));
  expect(line).toMatch(expected);
  expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u202e]/u);
});

test("a restart of the machine is told from one of the agent", () => {
  const event = NodeEvent.parse(
    eventOf("agent-started", { version: "2", path: null, bootId: "b", bootedAt: at }),
  );
  const { kind, what } = eventGist(event, { ...context, isReboot: () => true });
  expect([kind, what]).toEqual(["reboot", "restarted"]);
});

test("a reason of 100 KB fits on a line, and costs no time", () => {
  for (const text of ["a".repeat(100_000), "\u001b[".repeat(50_000), "\n".repeat(100_000)]) {
    const began = performance.now();
    expect(short(text).length).toBeLessThan(310);
    const line = lineOf(ForeignEvent.parse(eventOf("teleported", { text })));
    expect(line.length).toBeLessThan(700);
    expect(performance.now() - began).toBeLessThan(500);
  }
});

test("a clock that differs by more than 5 s is shown, either way", () => {
  const event = NodeEvent.parse(eventOf("alarm", { code: "bug", message: "m" }));
  expect(lineOf(event, { lateMs: 5000 })).not.toContain("clock");
  expect(lineOf(event, { lateMs: 5001 })).toMatch(/\[2026-11-29T12:00:00\.000Z by its own clock\]$/mu);
  expect(lineOf(event, { lateMs: -60_000 })).toContain("by its own clock");
});
