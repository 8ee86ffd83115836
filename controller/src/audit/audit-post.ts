/** SHELL. Entries that nobody waits for: outcomes, panics and refusals, tried again until the log has them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { AuditRefusal, AuditSaid } from "@chimera/proto/audit/audit-entry";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { AuditStream } from "./audit-stream.ts";
import { createRefusalBudget, type RefusalSum } from "../fleet/refusal-budget.ts";

export interface AuditPost {
  later: (said: AuditSaid) => void;
  refuse: (refusal: AuditRefusal) => void;
  /** Writes what waits, for a second at most. */
  close: () => Promise<void>;
}

interface PostOptions extends Pick<AuditStream, "append"> {
  log: Log;
}

const mostWaiting = 1024;
const firstWaitMs = 500;
const mostWaitMs = 30_000;
const lookMs = 60_000;
const closeMs = 1_000;

export function startAuditPost(options: PostOptions): AuditPost {
  const queue = createQueue(options);
  const budget = createRefusalBudget(Date.now());
  const sum = (found: RefusalSum | null) => (found === null ? undefined : queue.later(sumEntry(found)));
  const timer = setInterval(() => sum(budget.due(Date.now())), lookMs);
  return {
    later: (said) => queue.later(said),
    refuse(refusal) {
      if (budget.take(refusal, Date.now())) queue.later({ kind: "refused", ...refusal });
    },
    async close() {
      clearInterval(timer);
      sum(budget.rest());
      await Promise.race([queue.written(), sleep(closeMs, undefined, { ref: false })]);
      queue.stop();
    },
  };
}

function sumEntry({ sinceMs, ...sum }: RefusalSum): AuditSaid {
  return { kind: "refusals", since: new Date(sinceMs).toISOString(), ...sum };
}

/** One after the other, in their order. */
function createQueue({ append, log }: PostOptions) {
  const waiting: AuditSaid[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  let working: Promise<void> | null = null;
  async function tryWrite(said: AuditSaid): Promise<boolean> {
    try {
      await append(said);
      return true;
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      log.warn({ kind: said.kind, waiting: waiting.length, error }, "audit entry not written yet");
      return false;
    }
  }
  async function work() {
    let waitMs = firstWaitMs;
    for (let [said] = waiting; said !== undefined && !signal.aborted; [said] = waiting) {
      if (await tryWrite(said)) {
        waiting.shift();
        waitMs = firstWaitMs;
      } else {
        await sleep(waitMs, undefined, { ref: false, signal }).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, mostWaitMs);
      }
    }
    working = null;
  }
  return {
    later(said: AuditSaid) {
      if (waiting.length >= mostWaiting) log.error({ said }, "audit entry lost: too many wait for the log");
      else waiting.push(said);
      working ??= work();
    },
    written: () => working,
    stop: () => stopping.abort(),
  };
}
