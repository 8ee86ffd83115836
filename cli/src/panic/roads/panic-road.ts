/** SHELL. The ways by which a panic reaches the nodes and their receipts come back: the controller, NATS itself, or ssh. */
import type { ChimeraError } from "@chimera/proto/errors";
import type { Digest, FleetId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { OpenedKeySet } from "@chimera/proto/signed/key-set";
import type { Leaf } from "@chimera/proto/signed/world";
import type { NamedContext } from "../../context/current-context.ts";
import type { WalkedChain } from "../../documents/open-signed.ts";
import type { VerifiedHead } from "../../fleet/verify-documents.ts";
import type { NodeWord } from "../panic-progress.ts";

/** Of a fleet, as far as signatures prove it. */
export interface PanicGround {
  context: NamedContext;
  fleetId: FleetId;
  chain: WalkedChain;
  /** Of the key sets. */
  newest: OpenedKeySet;
  /** The newest one: what is to be undone. */
  head: VerifiedHead;
}

export interface PanicRoad extends PanicGround {
  over: "controller" | "nats" | "ssh";
  /** The panic that lies ready; whoever asks checks it. Null where there is none. */
  ready: () => Promise<Envelope | null>;
  /** Throws panic-void where another head is the newest by now. */
  release: (envelope: Envelope) => Promise<Released>;
  /** Of the world of the head. Throws world-unknown. */
  leaves: () => Promise<Leaf[]>;
  /** What these nodes said since the last call. Throws server-unreachable or deadline-exceeded while nobody can tell. */
  words: (open: readonly Leaf[]) => Promise<NodeWord[]>;
  close: () => Promise<void>;
}

export interface Released {
  /** Under which the store has it. */
  id: Digest;
  /** It, and others that do the same, by the names under which nodes may speak of it. */
  panics: () => ReadonlyMap<Digest, Envelope>;
  /** False while nobody keeps it for the nodes that are away. Throws what has made it void meanwhile: panic-void. */
  isStored: () => boolean;
  /** Where it is brought to each node: resolves when everybody has been tried once. */
  tried?: () => Promise<void>;
  /** Of nodes that judged it, and do not take it. */
  refusals?: () => readonly ChimeraError[];
}
