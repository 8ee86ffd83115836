/** PURE. What a pass sees, and what it may decide: the vocabulary between `decide` and the shell. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Digest, StorePath } from "@chimera/proto/names";
import type { StateWord } from "@chimera/proto/state-word";
import type { Journal, JournalOrder, UnitRecord } from "./journal.ts";

/** Where the machine's pointers lead; null where that could not be read. */
export interface SystemPointers {
  current: StorePath | null;
  booted: StorePath | null;
  profile: StorePath | null;
  bootDefault: StorePath | null;
}

/** The one background fetch, named by the id of the head it works for. */
export type FetchFact =
  | { kind: "idle" }
  | { kind: "running"; head: Digest; doneBytes: number; totalBytes: number }
  | { kind: "done"; head: Digest }
  | { kind: "failed"; head: Digest; code: ErrorCode; message: string };

export type UnitFact =
  | { kind: "absent" }
  | { kind: "running" }
  | { kind: "ended"; result: "exited" | "timeout" | "killed"; exitCode: number | null };

export interface UnitsFact {
  /** The word of `systemctl is-system-running`. */
  state: string;
  /** Failed, or in the pause between two restarts. */
  failing: string[];
}

export interface Observed {
  /** UTC, for people; durations use `uptimeMs`. */
  at: string;
  uptimeMs: number;
  bootId: string;
  system: SystemPointers;
  fetch: FetchFact;
  /** The journal's unit; null when systemd did not answer. */
  unit: UnitFact | null;
  units: UnitsFact | null;
  /** Switch inhibitors that differ between the running system and the wanted one; null when unreadable. */
  inhibitors: string[] | null;
  /** Whether a fresh round trip to NATS came back just now; null when nobody asked. */
  contact: boolean | null;
}

/** Why nothing may be begun, though it is wanted. */
export interface Blocked {
  /** What the node is then; null where it stays what it is. */
  state: StateWord | null;
  reason: string;
  detail: string;
  /** Whether what somebody else activated over the committed system may be undone meanwhile. */
  repairs: boolean;
}

/** What the accepted documents want of this node. */
export interface Desired {
  order: JournalOrder;
  /** Null, and `blocked` says why, where no system is known to go back to. */
  toplevel: StorePath | null;
  /** The head that this order undoes: an activation of it that is under way is undone at once. */
  undoes: Digest | null;
  blocked: Blocked | null;
  probationMs: number;
  activationSeconds: number;
  /** Whether a system that somebody else activated is drift to undo, or only to report. */
  revertForeign: boolean;
}

export type Action =
  | { kind: "start-fetch"; head: Digest; toplevel: StorePath; keep: StorePath | null }
  | {
      kind: "start-unit";
      unit: UnitRecord;
      runtimeSeconds: number;
      keep: StorePath | null;
      /** Whether the unit lists that a killed switch left behind must not be replayed. */
      clearLists: boolean;
    }
  | { kind: "collect-unit"; name: string }
  /** Ends it, if it runs, and collects it. */
  | { kind: "stop-unit"; name: string }
  /** Forward: to a system whose agent will drive the node from then on. */
  | { kind: "set-profile"; toplevel: StorePath; direction: "forward" | "back" };

interface Waiting {
  reason: string;
  detail: string;
}

/** The journal to write first, then at most one action. */
interface Plan {
  journal: Journal;
  action: Action | null;
  events: NodeEventBody[];
}

export interface Decision {
  state: StateWord;
  /** Why nothing is done now; null when a step is planned or the node is settled. */
  waiting: Waiting | null;
  plan: Plan | null;
}

/** Which costly observations the journal's step needs. */
export interface Needs {
  unit: string | null;
  units: boolean;
  inhibitorsOf: StorePath | null;
  contact: boolean;
}
