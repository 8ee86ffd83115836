/** SHELL. How old evidence is, by the time that passed while this machine ran: a wall clock that jumps makes nothing old. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { bootId, uptimeMs } from "../../boot-clock.ts";
import { attempt } from "../../errno-outcome.ts";
import { peekStateFile } from "../../state/state-file.ts";

export interface BootClock {
  bootId: () => string;
  uptimeMs: () => number;
}

export interface EvidenceClock {
  /** `newest`: the order of the newest evidence. Up to which order all of it is older than `ageMs`. */
  oldUpTo(newest: number, ageMs: number): number;
}

const Count = z.int().min(0);
const Known = z.object({
  v: z.literal(1),
  bootId: z.string().max(64),
  uptimeMs: z.number().min(0),
  /** All that passed, of every boot that is known. */
  seenMs: z.number().min(0),
  /** What was the newest evidence when so much had passed, oldest first. */
  marks: z.array(z.object({ order: Count, seenMs: z.number().min(0) })).max(2048),
});
type Known = z.infer<typeof Known>;

/** Of the age: so exact is it known. */
const marksInAge = 720;
const saveMs = 600_000;

/** Time in which the machine was off does not count, and a record that is lost begins anew: then it is kept longer. */
export function openEvidenceClock(stateDir: string, clock: BootClock = { bootId, uptimeMs }): EvidenceClock {
  const file = `${stateDir}/evidence-clock.json`;
  let known: Known | null = null;
  let savedMs = -Infinity;
  return {
    oldUpTo(newest, ageMs) {
      known ??= peekStateFile(file, Known) ?? begin(clock);
      const isMarked = known.marks.length;
      known = passed(known, clock);
      known = { ...known, marks: marked(known, newest, ageMs) };
      if (known.marks.length !== isMarked || known.seenMs - savedMs > saveMs) {
        save(stateDir, file, known);
        savedMs = known.seenMs;
      }
      const { seenMs, marks } = known;
      return marks.findLast((mark) => seenMs - mark.seenMs > ageMs)?.order ?? -1;
    },
  };
}

function begin(clock: BootClock): Known {
  return { v: 1, bootId: clock.bootId(), uptimeMs: clock.uptimeMs(), seenMs: 0, marks: [] };
}

function passed(known: Known, clock: BootClock): Known {
  const [now, boot] = [clock.uptimeMs(), clock.bootId()];
  const ms = boot === known.bootId ? Math.max(0, now - known.uptimeMs) : 0;
  return { ...known, bootId: boot, uptimeMs: now, seenMs: known.seenMs + ms };
}

/** Of those that are too old the newest says as much as all. */
function marked({ marks, seenMs }: Known, newest: number, ageMs: number): Known["marks"] {
  const last = marks.at(-1);
  const isDue = last === undefined || seenMs - last.seenMs >= ageMs / marksInAge;
  const all = isDue ? [...marks, { order: newest, seenMs }] : marks;
  const old = all.filter((mark) => seenMs - mark.seenMs > ageMs).length;
  return all.slice(Math.max(0, old - 1));
}

/** A record that cannot be written costs age over a restart, and nothing else. */
function save(stateDir: string, file: string, known: Known): void {
  attempt(() => {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, JSON.stringify(known), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  });
}
