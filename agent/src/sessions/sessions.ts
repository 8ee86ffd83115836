/**
 * PURE. What the agent's other parts ask of sessions: start commands, hear of their ends, read what they wrote. How that is done is
 * `host/sessions/open-sessions.ts`.
 */
import type { ErrorCode } from "@chimera/proto/errors";
import type { SessionFacts, SessionKind, SessionName, TerminalSize } from "@chimera/proto/sessions/session";
import type { OutputSource } from "./output-source.ts";

export interface SessionStart {
  /** One that has ended gives its name away, and with it its output; one that runs does not. */
  name: SessionName;
  kind: Exclude<SessionKind, "sentinel">;
  /** For people: what runs there, and who wanted it. */
  what: string;
  /** Without a shell, and nothing in it is expanded. A first word without a slash is looked for in the environment's PATH. */
  argv: readonly string[];
  /** On top of PATH and LANG, which every session has. */
  env?: Readonly<Record<string, string>>;
  /** `/` unless told otherwise. */
  cwd?: string;
  /** root unless told otherwise; then HOME, USER and SHELL are that user's. */
  user?: string;
  /**
   * `log`: no terminal, no standard input; output goes into a file and is exact. `terminal`: a pane of the sentinel's tmux server, in which
   * somebody may type; what lives in it ends with that server, unless it ignores SIGHUP.
   */
  output: SessionFacts["output"];
  /** Of a terminal; 120 x 40 unless told otherwise. */
  size?: TerminalSize;
  /** After so long it is ended by SIGTERM, and 10 s later by SIGKILL. */
  timeoutMs?: number;
  /** Of a log: the newest bytes that are kept on the disk; 16 MiB unless told otherwise. */
  mostBytes?: number;
}

export type StartOutcome =
  | { kind: "started"; facts: SessionFacts }
  /** Nothing of it is left. */
  | { kind: "refused"; name: SessionName; code: ErrorCode; message: string };

export type SessionChange =
  | { kind: "started"; facts: SessionFacts }
  /** Also one that is lost: `facts.state` says so. Its record is on disk already. */
  | { kind: "ended"; facts: SessionFacts }
  /** Its size, its note. */
  | { kind: "changed"; facts: SessionFacts }
  /** Its time is over, or another one took its name: nothing of it is left. */
  | { kind: "removed"; name: SessionName };

/** Signals by which a session can be asked to end. */
export const endSignals = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL"] as const;
export type EndSignal = (typeof endSignals)[number];

/** What a viewer's desk needs of them. */
export interface SessionsToWatch {
  list: () => SessionFacts[];
  facts: (name: SessionName) => SessionFacts | null;
  /** Null where there is no such session. Throws ChimeraError where its output cannot be had. */
  open: (name: SessionName, onOutput: () => void) => Promise<OutputSource> | null;
  onChange: (listener: (change: SessionChange) => void) => void;
}

export interface Sessions extends SessionsToWatch {
  /**
   * Each is on disk before it is started. All of one call go to systemd in one go, and no program is started but theirs: hand over
   * what is known at once. The outcomes are in the order of what was asked. Never rejects for one that could not be started.
   */
  start: (starts: readonly SessionStart[]) => Promise<StartOutcome[]>;
  /** How many more may run at the same time. */
  room: (output: SessionFacts["output"]) => number;
  /**
   * The signal to all of its processes; what has not ended 10 s later is killed. Resolves when it was sent: its end is told by
   * `onChange`. Throws not-found, and input-invalid for one that only its own program may end.
   */
  end: (name: SessionName, signal: EndSignal) => Promise<void>;
  /** Forgets one that has ended, with its output. Throws not-found, and write-conflict for one that runs. */
  remove: (name: SessionName) => Promise<void>;
}
