/** PURE. What a pass sees, and what it may decide: the vocabulary between `decide` and the shell. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { CheckResult } from "@chimera/proto/health-check";
import type { Digest, StorePath } from "@chimera/proto/names";
import type { StateWord } from "@chimera/proto/state-word";
import type { Declared } from "./checks/own-policy.ts";
import type { Journal, JournalOrder, UnitRecord } from "./journal.ts";
import type { OrderPolicy } from "./order-policy.ts";
import type { PreflightFacts } from "./preflight/preflight-facts.ts";

/** Where the machine's pointers lead; null where that could not be read. */
export interface SystemPointers {
  current: StorePath | null;
  booted: StorePath | null;
  profile: StorePath | null;
  bootDefault: StorePath | null;
}

/** The one background fetch, named by the id of the order it works for. */
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
  /** Who switches the system now, though no order of ours does: in words; null where nobody does, or nobody asked. */
  switching: string | null;
  /** The journal's unit; null when systemd did not answer. */
  unit: UnitFact | null;
  units: UnitsFact | null;
  /** Of the switch that the journal's step is about; null where nobody asked or the running system is unknown. */
  preflight: PreflightFacts | null;
  /** Whether a fresh round trip to NATS or controller came back just now; null when nobody asked. */
  contact: boolean | null;
  /** Since the last one that came back; null where none did since the node asks. */
  silentMs: number | null;
  /** Whether this agent only stands in for the active system's own, which does not run. */
  standsIn: boolean;
  /** Since the newest activation; empty before the runner began. */
  checks: readonly CheckResult[];
  /** What the module of the system that is switched to next declares; null where nobody asked. */
  declared: Declared | null;
  /** Whether the journal's dead-man is armed; null when nobody asked or systemd did not answer. */
  deadManArmed: boolean | null;
  /** The loader's id of the entry that boots the wanted system; null where there is none or nobody asked. */
  bootEntry: string | null;
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

/** What the accepted documents want of this node, or root on the node itself. */
export interface Desired {
  order: JournalOrder;
  /** Null, and `blocked` says why, where no system is known to go back to. */
  toplevel: StorePath | null;
  /** The head that this order undoes: an activation of it that is under way is undone at once. */
  undoes: Digest | null;
  blocked: Blocked | null;
  /** Why it may get ready, but not begin yet: the rollout has not let this node go. */
  waits: Blocked | null;
  probationMs: number;
  activationSeconds: number;
  policy: OrderPolicy;
  /** Whether a system that somebody else activated is drift to undo, or only to report. */
  revertForeign: boolean;
  /** Whether that goes for one that was booted in the place of the default too. */
  undoesBooted: boolean;
}

export type Action =
  | {
      kind: "start-fetch";
      head: Digest;
      toplevel: StorePath;
      keep: StorePath | null;
      /** Nothing is downloaded: it lies in the store already. */
      isLocal: boolean;
    }
  | {
      kind: "start-unit";
      unit: UnitRecord;
      runtimeSeconds: number;
      keep: StorePath | null;
      /** Whether the unit lists that a killed switch left behind must not be replayed. */
      clearLists: boolean;
      /** Whether it waits for nothing that is not needed to run it. */
      isGoingBack: boolean;
    }
  | { kind: "collect-unit"; name: string }
  /** Ends it, if it runs, and collects it. */
  | { kind: "stop-unit"; name: string }
  | { kind: "set-profile"; toplevel: StorePath }
  /** Undoes the order at this uptime, should nobody else have by then. */
  | { kind: "arm-dead-man"; order: Digest; unit: string; atMs: number; previous: StorePath }
  | { kind: "disarm-dead-man" }
  /** `entry` is booted once; null boots the loader's default. */
  | { kind: "reboot"; entry: string | null }
  /** The loader forgets an entry that it was to boot once. Doing it twice is no harm. */
  | { kind: "clear-boot-once" };

interface Waiting {
  reason: string;
  detail: string;
}

/** The journal to write first, then at most one action. */
interface Plan {
  journal: Journal;
  action: Action | null;
  /** Written once the action is done; until then a restart does it again. */
  afterwards: Journal | null;
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
  /** The system that is switched to next. */
  preflightTo: StorePath | null;
  contact: boolean;
  deadMan: string | null;
  bootEntryOf: StorePath | null;
  /** Whether nobody else may switch the system meanwhile. */
  switchLock: boolean;
  /** Whether somebody else may be switching the system. */
  switching: boolean;
  /** The system whose own checks are to be known. */
  declaredBy: StorePath | null;
  /** The system whose variants count as itself. */
  specialisationsOf: StorePath | null;
  /** Which checks run now, and since when they count. */
  checks: CheckRun | null;
}

export interface CheckRun {
  /** Names the activation that they are about. */
  id: string;
  sinceMs: number;
  checks: OrderPolicy["checks"];
}
