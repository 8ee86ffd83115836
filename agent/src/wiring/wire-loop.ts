/** Wiring: what the loop does with its journal, and whom it tells. */
import { setTimeout as delay } from "node:timers/promises";
import type { ChimeraError } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { Digest, StorePath } from "@chimera/proto/names";
import { isAtRest, startLoop, type Loop, type LoopParts, type Pass } from "../loop.ts";
import { createContactMemory } from "../desired/contact-memory.ts";
import { watchUnitEnd } from "../host/activation/watch-unit.ts";
import { uptimeMs } from "../host/boot-clock.ts";
import { createDenier, type Denier } from "./deny-failed.ts";
import { committedHead } from "../desired/node-facts.ts";
import type { Observed, SystemPointers } from "../reconcile/decision.ts";
import type { Journal } from "../reconcile/journal.ts";
import { saveJournal } from "../save-journal.ts";
import type { Shared } from "../shared.ts";
import { problemAt } from "../status-document.ts";

export interface LoopNeeds {
  shared: Shared;
  log: Log;
  host: Pick<LoopParts, "observe" | "perform"> & {
    isReplaced: () => boolean;
  };
  control: {
    report: (event: NodeEventBody) => void;
    hasContact: () => Promise<boolean>;
    noteChange: () => void;
  };
  keeper: {
    noteFailed: (toplevel: StorePath, failure: { reason: string; at: string }) => void;
    noteCommitted: (head: Digest, at: string) => void;
  };
  drift: {
    sweepNow: () => Promise<unknown>;
    /** What was seen, with the journal with which it is about to be judged. */
    noteSystem: (journal: Journal | null, system: SystemPointers) => void;
  };
  /** Root's own orders: what is over is forgotten before each look. */
  local: { settle: () => void };
  progress: { touch: () => void; noteRest: (isResting: boolean) => void };
  /** Starts the lead's program where this node is to run one; tells what becomes of a head. */
  afterPass: readonly (() => void)[];
  save: (journal: Journal) => void;
  leave: () => void;
}

export function wireLoop(needs: LoopNeeds): Loop {
  const { shared, log, host, control, keeper, local, progress } = needs;
  const show = () => {
    progress.touch();
    control.noteChange();
  };
  const denier = createDenier(noteFailed(keeper), log);
  const contact = createContactMemory(() => soon(control.hasContact()), uptimeMs);
  return startLoop({
    journal: shared.journal,
    desired() {
      local.settle();
      return shared.desired();
    },
    async observe(asked) {
      const heard = await contact.look(asked.contact);
      const seen = await host.observe(asked);
      needs.drift.noteSystem(ofThisBoot(shared.journal, seen), seen.system);
      return { ...seen, ...heard };
    },
    perform: host.perform,
    watchUnit: watchUnitEnd,
    saveJournal: (journal) => keepJournal(needs, denier, journal),
    onEvent: control.report,
    onPass(pass) {
      [shared.pass, shared.passProblem] = [pass, null];
      const proven = committedHead(pass.journal);
      if (proven !== null) keeper.noteCommitted(proven, pass.observed.at);
      denier.retry();
      for (const work of needs.afterPass) work();
      noteRest(needs, pass);
      show();
    },
    onBroken(error: ChimeraError) {
      shared.passProblem = problemAt(now(), error);
      show();
    },
    log: log.child({ component: "loop" }),
  });
}

/** What a journal of an earlier boot means is only judged by the pass that follows. */
function ofThisBoot(journal: Journal | null, { bootId }: Observed): Journal | null {
  return journal?.bootId === bootId ? journal : null;
}

function noteFailed(keeper: LoopNeeds["keeper"]): Parameters<typeof createDenier>[0] {
  return ({ toplevel, reason }) => keeper.noteFailed(toplevel, { reason, at: now() });
}

/** A pass does not wait for a network that is gone: it looks again at the next one. */
const contactMs = 2_000;

function soon(answer: Promise<boolean>): Promise<boolean> {
  return Promise.race([answer, delay(contactMs, false, { ref: false })]);
}

function noteRest(needs: LoopNeeds, pass: Pass): void {
  const isResting = isAtRest(pass);
  const isLeaving = isResting && needs.host.isReplaced();
  needs.progress.noteRest(isResting && !isLeaving);
  if (isLeaving) needs.leave();
}

function keepJournal({ shared, save, drift, log }: LoopNeeds, denier: Denier, journal: Journal): void {
  denier.note(shared.journal, journal);
  saveJournal(journal, () => save(journal), log);
  const moved = shared.journal?.step !== journal.step;
  // Before the action: drift must know that an activation begins, and what it is compared with afterwards.
  shared.journal = journal;
  if (moved && journal.step === "probation") void drift.sweepNow();
}

function now(): string {
  return new Date().toISOString();
}
