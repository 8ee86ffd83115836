/** PURE. A fleet that plays its part second by second, for transcripts of what the lead decides. */
import { Digest, FleetId, NodeName, WorldId } from "@chimera/proto/names";
import { isAbsent } from "@chimera/proto/rollout/absent-nodes";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Head } from "@chimera/proto/signed/head";
import { decideRollout } from "../decide.ts";
import { isProvenThrough, letsMoreGo } from "../outcomes.ts";
import type { LeadSight } from "../lead-sight.ts";
import type { Play } from "./play.ts";
import { sightsOf } from "./play-nodes.ts";

const headId = Digest.parse("b".repeat(64));
/** 2026-11-29T00:00:00Z. */
const begunMs = 1_795_910_400_000;
/** So long a lease stands without its lead. */
const leaseSeconds = 15;

const head = {
  v: 1,
  kind: "head",
  fleetId: FleetId.parse("f".repeat(64)),
  epoch: 0,
  serial: 7,
  world: WorldId.parse("a".repeat(64)),
  size: 20,
  previous: null,
  mode: "deploy",
  policy: { probationSeconds: 10 },
  revertTo: WorldId.parse("c".repeat(64)),
  consentUntil: "2026-11-29T02:00:00.000Z",
  createdAt: "2026-11-29T00:00:00.000Z",
  notAfter: "2026-12-06T00:00:00.000Z",
  author: "ops",
  reason: "a new kernel",
} satisfies Head;

const usualPolicy: RolloutPolicy = {
  waves: [],
  maxFailed: 1,
  onFailure: "return",
  maxUnavailable: null,
  proven: 50,
  deadline: null,
  onDeadline: "hold",
};

interface Stage {
  play: Play;
  waves: readonly (readonly NodeName[])[];
  record: RolloutRecord;
  /** Second at which each node was let go. */
  goneSince: Map<NodeName, number>;
  sinceMs: number;
  releasedMs: number;
  lostMs: number | null;
  lost: number;
  deadUntil: number;
  waited: string;
  lines: string[];
}

/** One line for every record that is written, and one for whom it waits when that changes. */
export function playRollout(play: Play): string[] {
  const stage: Stage = {
    play,
    waves: namesOf(play.waves),
    record: {
      v: 1,
      head: headId,
      lease: 1,
      phase: "staging",
      reason: "begun",
      at: timeAt(0),
      lead: "n01",
      released: null,
    },
    goneSince: new Map(),
    sinceMs: 0,
    releasedMs: 0,
    lostMs: null,
    lost: 0,
    deadUntil: -1,
    waited: "",
    lines: [],
  };
  for (let second = 0; second < (play.seconds ?? 200) && !isOver(stage, second); second += 1) {
    if (leads(stage, second)) playSecond(stage, second);
  }
  return stage.lines;
}

/** Also a little after the end: whoever takes it back again shows. */
function isOver({ record, sinceMs }: Stage, second: number): boolean {
  const isEnd = record.phase === "committed" || record.phase === "returned";
  return isEnd && second * 1000 - sinceMs > 30_000;
}

/** Whether anybody leads at this second. */
function leads(stage: Stage, second: number): boolean {
  if (stage.play.leadDies?.includes(second) === true) {
    stage.deadUntil = second + leaseSeconds;
    stage.lines.push(lineOf(second, "the lead dies"));
  }
  if (second === stage.deadUntil) {
    stage.record = { ...stage.record, lease: stage.record.lease + 1, lead: "n02" };
    stage.sinceMs = second * 1000;
    stage.releasedMs = second * 1000;
    stage.lines.push(lineOf(second, `n02 takes lease ${stage.record.lease}`));
  }
  return second >= stage.deadUntil;
}

function playSecond(stage: Stage, second: number): void {
  const sight = sightAt(stage, second);
  // The end that a lead decided itself is one for as long as the waves are proven.
  if (sight.record.phase === "committed" && isProvenThrough(sight)) return;
  const step = decideRollout(sight);
  if (step.lost > stage.lost) stage.lostMs = second * 1000;
  if (step.lost === 0) stage.lostMs = null;
  stage.lost = step.lost;
  if (step.gate !== null)
    stage.lines.push(lineOf(second, `receipts of wave ${step.gate + 1} are laid ready`));
  if (step.record !== null) write(stage, second, step.record);
  else if (step.waiting !== stage.waited && step.waiting !== "")
    stage.lines.push(lineOf(second, `  waits: ${step.waiting}`));
  stage.waited = step.waiting;
}

function sightAt(stage: Stage, second: number): LeadSight {
  const { play, waves, record, sinceMs, releasedMs, lostMs, goneSince } = stage;
  const policy = { ...usualPolicy, ...play.policy };
  const said = { ...head, ...play.head };
  return {
    nowMs: second * 1000,
    sinceMs,
    releasedMs,
    lostMs,
    utcMs: begunMs + second * 1000,
    at: timeAt(second),
    mayReturn: said.revertTo !== null,
    head: { id: headId, head: said },
    policy,
    waves,
    record,
    nodes: sightsOf(play, waves, { second, goneSince }),
    ask: play.asks?.[second] ?? null,
  };
}

function write(stage: Stage, second: number, record: RolloutRecord): void {
  if (record.phase !== stage.record.phase) stage.sinceMs = second * 1000;
  if (letsMoreGo(stage.record, record)) stage.releasedMs = second * 1000;
  stage.record = record;
  for (const node of releasedOf(stage.waves, record)) {
    if (!stage.goneSince.has(node)) stage.goneSince.set(node, second);
  }
  stage.lines.push(lineOf(second, `${record.phase}: ${record.reason}${failedText(record)}`));
}

function namesOf(sizes: readonly number[]): NodeName[][] {
  let next = 0;
  return sizes.map((size) =>
    Array.from({ length: size }, () => {
      next += 1;
      return NodeName.parse(`n${String(next).padStart(2, "0")}`);
    }),
  );
}

function releasedOf(waves: readonly (readonly NodeName[])[], { released }: RolloutRecord): NodeName[] {
  if (released === null || released === undefined) return [];
  return waves
    .flatMap((wave, index) =>
      index < released.wave ? wave : index === released.wave ? wave.slice(0, released.first) : [],
    )
    .filter((_, index) => !isAbsent(released, index));
}

function failedText({ failed }: RolloutRecord): string {
  return failed === undefined || failed.length === 0
    ? ""
    : ` [failed: ${failed.map(({ node }) => node).join(" ")}]`;
}

/** Of the first hour of a day. */
function timeAt(second: number): string {
  return `2026-11-29T00:${twoDigits(second / 60)}:${twoDigits(second % 60)}.000Z`;
}

function twoDigits(number: number): string {
  return String(Math.floor(number)).padStart(2, "0");
}

function lineOf(second: number, text: string): string {
  return `${String(second).padStart(4)} s  ${text}`;
}
