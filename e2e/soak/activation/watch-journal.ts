// SHELL. Sees a container's journal from outside, in the upper folder of its overlay: each write is a rename there, and
// inotify tells it within a millisecond. Nobody on the node takes part.
import { readFileSync, watch } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../lab/host/host.ts";
import { hostFolder } from "../../lab/lab-state.ts";
import { glimpseOf, type JournalGlimpse, type JournalStep } from "./journal-steps.ts";

const name = "journal.json";

/** One write of the journal: which of its step's own it was, from 0. */
export interface JournalWrite {
  step: JournalStep;
  write: number;
  order: string;
  toplevel: string;
}

export interface JournalWatch {
  /** The newest write; undefined before the first. */
  last: () => JournalWrite | undefined;
  close: () => void;
}

export const stateFolderInUpper = "var/lib/chimera";

/** Of the agent of a container, as this machine sees it. */
export function stateFolder(host: string): string {
  return join(hostFolder(host), "upper", stateFolderInUpper);
}

/** The same as the container sees it, with what is mounted there; gone when its first process is. */
export async function mountedStateFolder(host: Host): Promise<string> {
  return `/proc/${await host.leaderPid()}/root/var/lib/chimera`;
}

/** Of orders begun after this call only. `onWrite` is called at once, before anything else runs here. */
export function watchJournal(folder: string, onWrite: (write: JournalWrite) => void): JournalWatch {
  const earlier = glimpseOf(readText(join(folder, name)))?.order.id;
  let seen = "";
  let last: JournalWrite | undefined;
  const look = () => {
    const text = readText(join(folder, name));
    const journal = text === seen ? undefined : glimpseOf(text);
    if (journal === undefined || journal.order.id === earlier) return;
    seen = text;
    last = next(last, journal);
    onWrite(last);
  };
  const watcher = watch(folder, (_, changed) => {
    if (changed === name) look();
  });
  return {
    // What was written just before a death may not have been told yet.
    last: () => {
      look();
      return last;
    },
    close: () => watcher.close(),
  };
}

function next(last: JournalWrite | undefined, { order, step, toplevel }: JournalGlimpse): JournalWrite {
  const goesOn = last?.step === step && last.order === order.id;
  return { step, toplevel, order: order.id, write: goesOn ? last.write + 1 : 0 };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
