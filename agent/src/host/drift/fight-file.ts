/** SHELL. What is remembered of fights, over restarts of the agent: a path that is fought over does not begin anew with it. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { createBudget, type EtcBudget, type RememberedFight } from "../../reconcile/drift/etc-budget.ts";
import { bootId, uptimeMs } from "../boot-clock.ts";
import { attempt } from "../errno-outcome.ts";
import { peekStateFile } from "../state/state-file.ts";

const Ms = z.number().int();
const Fight = z.object({
  path: z.string().max(4096),
  revertedAgoMs: z.array(Ms.min(0)).max(64),
  rest: z
    .object({ endsInMs: Ms, trips: z.int().min(1).max(1_000_000), pace: z.enum(["minute", "day"]) })
    .nullable(),
  left: z.object({ mark: z.string().max(8192), why: z.string().max(512) }).nullable(),
});
const Fights = z.object({
  v: z.literal(1),
  bootId: z.string(),
  uptimeMs: z.number(),
  /** Of the wall clock, for another boot. */
  atMs: z.number(),
  fights: z.array(Fight).max(8192),
});

export interface Fights {
  /** Of all that is compared on this node. */
  budget: EtcBudget;
  /** Writes what is not yet written. */
  stop(): void;
}

/** A storm is thousands of changes a second: they are written together, and a crash costs those of this time. */
const gatherMs = 1000;

export function openFights(stateDir: string): Fights {
  const file = `${stateDir}/drift-fights.json`;
  const inner = createBudget(readFights(file), performance.now());
  let timer: NodeJS.Timeout | null = null;
  const save = (): void => {
    timer = null;
    writeFights(stateDir, file, inner.remembered(performance.now()));
  };
  const note = (): void => {
    timer ??= setTimeout(save, gatherMs).unref();
  };
  return {
    budget: noting(inner, note),
    stop() {
      if (timer === null) return;
      clearTimeout(timer);
      save();
    },
  };
}

function noting(inner: EtcBudget, note: () => void): EtcBudget {
  return {
    ...inner,
    spend(path, now) {
      const answer = inner.spend(path, now);
      if (answer.kind === "tripped") note();
      return answer;
    },
    noteReverted(path, now) {
      inner.noteReverted(path, now);
      note();
    },
    leave(path, left) {
      inner.leave(path, left);
      note();
    },
    forgetLeft(path) {
      if (inner.leftAt(path) === null) return;
      inner.forgetLeft(path);
      note();
    },
    resume(path, now) {
      const known = inner.resume(path, now);
      note();
      return known;
    },
  };
}

/** A clock that was set back lets no time pass, and one that was set ahead ends rests: it is all that is known over a boot. */
function readFights(file: string): RememberedFight[] {
  const known = peekStateFile(file, Fights);
  if (known === null) return [];
  const passed = known.bootId === bootId() ? uptimeMs() - known.uptimeMs : Date.now() - known.atMs;
  const passedMs = Math.max(0, Math.round(passed));
  return known.fights.map(({ rest, ...fight }) => ({
    ...fight,
    revertedAgoMs: fight.revertedAgoMs.map((ms) => ms + passedMs),
    rest: rest === null ? null : { ...rest, endsInMs: rest.endsInMs - passedMs },
  }));
}

/** Together they stay well below what is read of a state file. */
const mostFights = 4096;
const mostCharacters = 256 * 1024;

/** A record that cannot be written costs the memory over a restart, and nothing else. */
function writeFights(stateDir: string, file: string, fights: readonly RememberedFight[]): void {
  let characters = 0;
  const kept = fights.slice(0, mostFights).filter(({ path, left }) => {
    characters += path.length + (left === null ? 0 : left.mark.length + left.why.length);
    return characters <= mostCharacters;
  });
  const document = { v: 1, bootId: bootId(), uptimeMs: uptimeMs(), atMs: Date.now(), fights: kept };
  attempt(() => {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, JSON.stringify(document), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  });
}
