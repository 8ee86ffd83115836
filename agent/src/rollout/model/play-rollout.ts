/** PURE. A fleet that plays its part second by second, for transcripts of what the lead decides. */
import { Digest, FleetId, NodeName, WorldId } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Head } from "@chimera/proto/signed/head";
import type { StateWord } from "@chimera/proto/state-word";
import { decideRollout } from "../decide.ts";
import { letsMoreGo } from "../outcomes.ts";
import type { Ask, LeadSight, NodeSight } from "../lead-sight.ts";

/** What a node says so many seconds after it was let go; the last one stays. */
export type Part = readonly (readonly [second: number, state: StateWord, more?: Partial<NodeSight>])[];

export interface Play {
  /** Sizes of the waves; nodes are named n01, n02, … */
  waves: readonly number[];
  policy?: Partial<RolloutPolicy>;
  head?: Partial<Head>;
  /** Nodes that do not play the usual part. */
  parts?: Readonly<Record<string, Part>>;
  /** Silent from the beginning. */
  away?: readonly string[];
  /** Seconds at which something is asked of the lead, or the lead dies. */
  asks?: Readonly<Record<number, Ask>>;
  leadDies?: readonly number[];
  seconds?: number;
}

const headId = Digest.parse("b".repeat(64));
const usual: Part = [
  [0, "activating"],
  [2, "probation"],
  [12, "committed", { isProven: true }],
];
export const restarts: Part = [
  [0, "staged-for-reboot", { waiting: "draining" }],
  [3, "rebooting"],
  [60, "probation"],
  [70, "committed", { isProven: true, waiting: "undraining" }],
  [75, "committed", { isProven: true }],
];
/** So long a lease stands without its lead. */
const leaseSeconds = 15;
const stageSeconds = 4;

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
  const step = decideRollout(sightAt(stage, second));
  if (step.gate !== null)
    stage.lines.push(lineOf(second, `receipts of wave ${step.gate + 1} are laid ready`));
  if (step.record !== null) write(stage, second, step.record);
  else if (step.waiting !== stage.waited && step.waiting !== "")
    stage.lines.push(lineOf(second, `  waits: ${step.waiting}`));
  stage.waited = step.waiting;
}

function sightAt({ play, waves, record, sinceMs, releasedMs, goneSince }: Stage, second: number): LeadSight {
  const policy = { ...usualPolicy, ...play.policy };
  const said = { ...head, ...play.head };
  return {
    nowMs: second * 1000,
    sinceMs,
    releasedMs,
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

interface Moment {
  second: number;
  goneSince: ReadonlyMap<NodeName, number>;
}

function sightsOf(
  play: Play,
  waves: readonly (readonly NodeName[])[],
  moment: Moment,
): Map<NodeName, NodeSight> {
  const present = waves.flat().filter((node) => play.away?.includes(node) !== true);
  return new Map(present.map((node) => [node, sightOf(play.parts?.[node] ?? usual, moment, node)]));
}

function sightOf(part: Part, { second, goneSince }: Moment, node: NodeName): NodeSight {
  const still: NodeSight = {
    silentMs: 5_000,
    hasHead: second >= 1,
    state: second < 1 ? "committed" : second < stageSeconds ? "fetching" : "staged",
    waiting: null,
    problem: "",
    lostContact: false,
    asksHold: false,
    isProven: false,
  };
  const gone = goneSince.get(node);
  if (gone === undefined) return still;
  const [from, state, more] = part.findLast(([at]) => second - gone > at) ?? [0, still.state];
  const isSilent = more?.silentMs !== undefined || state === "rebooting";
  return { ...still, state, ...more, ...(isSilent && { silentMs: (second - gone - from) * 1000 }) };
}

function releasedOf(waves: readonly (readonly NodeName[])[], { released }: RolloutRecord): NodeName[] {
  if (released === null || released === undefined) return [];
  return waves.flatMap((wave, index) =>
    index < released.wave ? wave : index === released.wave ? wave.slice(0, released.first) : [],
  );
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
