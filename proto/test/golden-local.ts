/** What root orders on a node, as it lies in its file and as it goes over the socket. */
import type { z } from "zod";
import { NodeEvent, type NodeEventBody } from "../src/event.ts";
import { LocalAnswer, localError, LocalRequest, type LocalStatus } from "../src/local-api.ts";
import { createLocalOrder, LocalOrder, LocalState } from "../src/local-order.ts";
import { Digest, NodeName, StorePath, WorldId } from "../src/names.ts";

const at = "2026-11-23T12:00:00.000Z";
const until = "2026-11-23T13:00:00.000Z";
const [signed, applied] = ["a", "b"].map((letter) =>
  StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-n1-26.05`),
);
if (signed === undefined || applied === undefined) throw new Error("two paths were made");
const who = { author: "root@n1 (sudo: ada)", reason: "the link is down" };
const node = NodeName.parse("n1");
const world = WorldId.parse("d".repeat(64));
const id = Digest.parse("e".repeat(64));

const order = createLocalOrder({
  v: 1,
  kind: "local-order",
  action: "apply",
  toplevel: applied,
  base: { epoch: 0, serial: 7, rank: 0 },
  createdAt: at,
  until,
  ...who,
});
const hold = { until, drift: true, evenPanic: false, ...who };
const problem = { code: "activation-failed", message: "unit web.service failed", at };

const status: LocalStatus = {
  at,
  node,
  agent: { version: "0.1.0", path: null, startedAt: at, bootId: "c0ffee" },
  state: "probation",
  waiting: { reason: "probation", detail: "12 s of 30 s" },
  accepted: { epoch: 0, serial: 7, id, world, acceptedAt: at },
  wanted: signed,
  system: { current: applied, booted: signed, profile: signed, bootDefault: signed },
  fetch: null,
  panic: null,
  journal: {
    step: "probation",
    isReplaceable: false,
    toplevel: applied,
    order: { epoch: 0, serial: 7, rank: 0, id: order.id, local: "apply" },
    before: { current: signed, profile: signed, bootDefault: signed },
    attempts: { fetch: 0, activate: 1, commit: 0, revert: 0, foreign: 0 },
    transitions: 5,
    unit: "chimera-activate-7-local-0123abcd",
    deadMan: { unit: "chimera-dead-man-7-local-0123abcd", inMs: 640_000 },
    stepMs: 12_000,
    retryInMs: null,
    isGoingBack: false,
    rebootReasons: [],
    unhealthy: null,
    problem: null,
  },
  holds: { signed: null, local: hold },
  local: order,
  quarantine: [],
  checks: [
    {
      name: "web",
      kind: "http",
      passesInRow: 1,
      failuresInRow: 0,
      runs: 3,
      message: "200",
      at,
    },
  ],
  problem,
  unreadable: [{ file: "/var/lib/chimera/local.json", reason: "not JSON" }],
};

export const goldenLocal: Record<string, { schema: z.ZodType; message: unknown }> = {
  "local-order": { schema: LocalOrder, message: order },
  "local-state": { schema: LocalState, message: { v: 1, order, hold } },
  "local-request-status": { schema: LocalRequest, message: { v: 1, command: "status" } },
  "local-request-apply": {
    schema: LocalRequest,
    message: { v: 1, command: "apply", toplevel: applied, seconds: 3600, ...who },
  },
  "local-request-revert": {
    schema: LocalRequest,
    message: { v: 1, command: "revert", seconds: 3600, ...who },
  },
  "local-request-hold": {
    schema: LocalRequest,
    message: { v: 1, command: "hold", seconds: 7200, drift: true, evenPanic: false, ...who },
  },
  "local-request-release": { schema: LocalRequest, message: { v: 1, command: "release", ...who } },
  "local-answer": {
    schema: LocalAnswer,
    message: { v: 1, ok: true, outcome: "ordered", status } satisfies LocalAnswer,
  },
  "local-answer-refused": { schema: LocalAnswer, message: localError("held", "held by ops") },
  "event-local-order": {
    schema: NodeEvent,
    message: {
      specversion: "1.0",
      id: "n1-0-2",
      source: node,
      time: at,
      datacontenttype: "application/json",
      type: "local-order",
      data: { action: "apply", toplevel: applied, until, ...who },
    } satisfies NodeEvent,
  },
  "event-state-changed": {
    schema: NodeEvent,
    message: event({
      type: "state-changed",
      data: {
        from: "probation",
        to: "reverting",
        toplevel: applied,
        order: { epoch: 0, serial: 7, rank: 0, id: Digest.parse("7".repeat(64)), local: null },
        problem: { code: "activation-failed", message: "unit web.service failed" },
      },
    }),
  },
  "event-rollout-changed": {
    schema: NodeEvent,
    message: event({
      type: "rollout-changed",
      data: {
        v: 1,
        head: Digest.parse("7".repeat(64)),
        place: { epoch: 0, serial: 7 },
        lease: 2,
        phase: "waves",
        reason: "wave 1 of 2: 1 of 1 may go",
        at,
        lead: "n1",
        released: { wave: 0, first: 1 },
        failedCount: 0,
      },
    }),
  },
  "event-agent-started": {
    schema: NodeEvent,
    message: event({
      type: "agent-started",
      data: { version: "1", path: applied, bootId: "5c2a", bootedAt: at },
    }),
  },
};

function event(body: NodeEventBody): NodeEvent {
  return {
    specversion: "1.0",
    id: "n1-0-3",
    source: node,
    time: at,
    datacontenttype: "application/json",
    ...body,
  };
}
