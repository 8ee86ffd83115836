/** Who holds the keyboard of a session, by which order, and how much he has typed. */
import type { Digest } from "@chimera/proto/names";
import type { KeyboardAction } from "@chimera/proto/sessions/session-order";
import type { SessionName, TerminalSize } from "@chimera/proto/sessions/session";
import type { Order } from "@chimera/proto/signed/order";
import type { Typist } from "../../sessions/typist.ts";

export interface GivenOrder {
  order: Order;
  action: KeyboardAction;
  id: Digest;
  signedBy: readonly string[];
}

export interface Lease {
  session: SessionName;
  order: Digest;
  createdAt: string;
  holder: string;
  since: string;
  until: string;
  key: Buffer;
  lastSeq: number;
  typist: Typist;
  timer: NodeJS.Timeout;
  /** Of keys that the terminal has yet to take. */
  waitingBytes: number;
  /** The newest that its terminal has yet to take. */
  wantedSize: TerminalSize | null;
  /** What is typed comes in its sequence, also where a message is more than one command to tmux. */
  tail: Promise<void>;
  typed: number;
  refused: number;
}

/** What he says of himself, and what proves it. */
export function holderName({ order, signedBy }: GivenOrder): string {
  return `${order.author.slice(0, 120)} (${signedBy.join(", ").slice(0, 120)})`;
}
