/**
 * SHELL. `chimera-agent gate`: stands before boot-complete.target. A system that was booted to prove itself counts as
 * booted once it is committed; else the loader goes on counting down. It only looks: the agent drives.
 */
import { setTimeout as delay } from "node:timers/promises";
import { bootId } from "../host/boot-clock.ts";
import { journalPath } from "../host/state/journal-file.ts";
import { readPointers } from "../host/system-pointers.ts";
import { peekStateFile } from "../host/state/state-file.ts";
import { judgeGate, type Gate } from "../reconcile/reboot/judge-gate.ts";
import { Journal } from "../reconcile/journal.ts";

const lookMs = 500;

/** Resolves once it is known whether this boot counts. */
export async function waitGate(stateDir: string): Promise<Exclude<Gate, { kind: "wait" }>> {
  for (;;) {
    const journal = peekStateFile(journalPath(stateDir), Journal);
    const gate = judgeGate(journal, { bootId: bootId(), current: readPointers().current });
    if (gate.kind !== "wait") return gate;
    await delay(lookMs);
  }
}
