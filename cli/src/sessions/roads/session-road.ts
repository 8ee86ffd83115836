/** SHELL. A way to the sessions of a fleet's nodes. */
import type { NodeName } from "@chimera/proto/names";
import type { KeptOutput } from "@chimera/proto/sessions/kept-page";
import type { ListedSession } from "@chimera/proto/sessions/session-api";
import type { KeyMessage } from "@chimera/proto/sessions/keyboard";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { Seen } from "../view-stream.ts";

export interface SessionAt {
  node: NodeName;
  session: SessionName;
}

interface Which {
  node?: NodeName | undefined;
  session?: SessionName | undefined;
  /** Whoever has them sends no others where it can: a node may remember hundreds that have ended. */
  isRunning?: boolean;
}

export interface Kept extends KeptOutput {
  /** When the node said the newest of it. */
  saidAt: string;
}

export interface SessionRoad {
  /** For people: "NATS", "the controller", "this node". */
  readonly over: string;
  /** What nodes said last: of all sessions, or of those of one node or one name; also of those that have ended, unless told otherwise. */
  list(which?: Which): Promise<ListedSession[]>;
  /** What the node left of its newest output; null for nothing. */
  kept(at: SessionAt): Promise<Kept | null>;
  /** A view will be asked for: what that takes long for is begun. */
  expectView?(): void;
  /** A viewer of its own. Throws server-unreachable while there is no way. */
  view(at: SessionAt, hearing: Hearing): Promise<ViewLine>;
  close(): Promise<void>;
}

export interface Hearing {
  /** One frame, as it came. Must not throw. */
  frame(message: Uint8Array): void;
  /** Nothing more comes over this line. */
  broken(why: string): void;
}

export interface ViewLine {
  /** Says that the viewer is there, and what it has seen. */
  ask(seen: Seen | null): void;
  /** What whoever holds the keyboard typed. Nobody answers: what it does is seen. Absent where nobody types. */
  type?(message: KeyMessage): void;
  close(): void;
}
