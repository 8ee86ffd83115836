/** PURE. What of an operator's copy has to go back into a store that lost its data, in the order in which it is accepted. */
import type { Digest } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { OpenedHead } from "@chimera/proto/signed/head";
import { panicPlace, type OpenedPanic } from "@chimera/proto/signed/panic";
import { comparePlace, showPlace, type Place } from "@chimera/proto/signed/place";
import type { WalkedChain } from "../documents/open-signed.ts";
import type { HighestReported } from "../fleet/head/highest-reported.ts";
import type { StoredList } from "../order/current-quarantine.ts";

/** Every document verified by the copy's own key sets. */
export interface VerifiedCopy {
  chain: WalkedChain;
  head: (OpenedHead & { envelope: Envelope }) | null;
  panic: (OpenedPanic & { envelope: Envelope }) | null;
  ready: (OpenedPanic & { envelope: Envelope }) | null;
  quarantine: StoredList | null;
}

/** What the controller still has. */
export interface Remaining {
  /** Number of key sets. */
  keySets: number;
  head: { id: Digest; place: Place } | null;
  panic: Digest | null;
  ready: Digest | null;
  /** Serial of the quarantine list; 0 for none. */
  quarantine: number;
}

export type ReseedStep = {
  kind: "keys" | "head" | "panic" | "panic-ready" | "quarantine";
  name: string;
  envelope: Envelope;
};

export interface ReseedPlan {
  steps: ReseedStep[];
  /** What stays away, and why. */
  notes: string[];
  /** The copy's head cannot go back: the next publication is made on top of the copy, above what nodes report. */
  isBehind: boolean;
}

export function reseedPlan(
  copy: VerifiedCopy,
  there: Remaining,
  { top, ignored }: HighestReported,
): ReseedPlan {
  const notes = ignored.map(({ node, reason }) => `${node} does not count: ${reason}`);
  const keys = copy.chain.slice(there.keySets).map(({ set, envelope }): ReseedStep => {
    return { kind: "keys", name: `key set ${set.version}`, envelope };
  });
  const head = headStep(copy, there, top);
  const isThere = copy.head !== null && (there.head?.id === copy.head.id || head.step !== null);
  const steps = [
    ...keys,
    ...(head.step === null ? [] : [head.step]),
    ...(isThere ? panicSteps(copy, there) : []),
    ...quarantineSteps(copy, there),
  ];
  return { steps, notes: [...notes, ...head.notes], isBehind: head.isBehind };
}

interface HeadStep {
  step: ReseedStep | null;
  notes: string[];
  isBehind: boolean;
}

function headStep({ head }: VerifiedCopy, there: Remaining, top: HighestReported["top"]): HeadStep {
  const nothing = { step: null, notes: [], isBehind: false };
  if (head === null) return { ...nothing, notes: ["the copy has no head"] };
  const place = { epoch: head.head.epoch, serial: head.head.serial, rank: 0 };
  if (there.head !== null && comparePlace(there.head.place, place) >= 0) return conflictOf(head, there.head);
  if (top !== null && isAbove(top, { place, id: head.id })) {
    const { nodes } = top;
    const named =
      nodes.length > 5 ? `${nodes.slice(0, 5).join(", ")} and ${nodes.length - 5} more` : nodes.join(", ");
    const note = `${named} report ${showPlace(top.place)}, the copy has ${showPlace(place)}: what was published between them is lost here; the next publication must exceed serial ${top.place.serial}, begins with the copy's world, and so undoes what came after it`;
    return { step: null, notes: [note], isBehind: true };
  }
  // On top of an older head the store takes only its own successor.
  if (there.head !== null && head.head.previous !== there.head.id) {
    const note = `the controller has head ${showPlace(there.head.place)}, which is not what ${showPlace(place)} follows: the next publication goes above both`;
    return { step: null, notes: [note], isBehind: true };
  }
  return {
    step: { kind: "head", name: `head ${showPlace(place)}`, envelope: head.envelope },
    notes: [],
    isBehind: false,
  };
}

function conflictOf({ id, head }: OpenedHead, there: { id: Digest; place: Place }): HeadStep {
  const isOther = comparePlace(there.place, head) === 0 && there.id !== id;
  const note = `the controller has another head ${showPlace(head)} than the copy: somebody signed two`;
  return { step: null, notes: isOther ? [note] : [], isBehind: false };
}

/** Whoever accepted the copy's head itself, or its panic, is not above it. */
function isAbove(top: { place: Place; id: Digest }, own: { place: Place; id: Digest }): boolean {
  if (top.id === own.id) return false;
  const order = comparePlace({ ...top.place, rank: 0 }, { ...own.place, rank: 0 });
  return order > 0 || (order === 0 && top.place.rank === 0);
}

function panicSteps({ head, panic, ready }: VerifiedCopy, there: Remaining): ReseedStep[] {
  const isOf = (one: OpenedPanic | null): one is OpenedPanic & { envelope: Envelope } =>
    one !== null && one.panic.undoes === head?.id;
  const steps: ReseedStep[] = [];
  if (isOf(panic) && there.panic !== panic.id) {
    steps.push({
      kind: "panic",
      name: `panic ${showPlace(panicPlace(panic.panic))}`,
      envelope: panic.envelope,
    });
  }
  if (isOf(ready) && there.ready !== ready.id) {
    const name = `prepared panic ${showPlace(panicPlace(ready.panic))}`;
    steps.push({ kind: "panic-ready", name, envelope: ready.envelope });
  }
  return steps;
}

function quarantineSteps({ quarantine }: VerifiedCopy, there: Remaining): ReseedStep[] {
  if (quarantine === null || quarantine.list.serial <= there.quarantine) return [];
  return [
    { kind: "quarantine", name: `quarantine list ${quarantine.list.serial}`, envelope: quarantine.envelope },
  ];
}
