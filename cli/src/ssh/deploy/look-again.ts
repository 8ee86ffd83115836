/**
 * SHELL. Another look at the nodes, right before something is signed or brought to them: nobody but they can say whether another
 * operator published meanwhile, and of two heads of one place each node keeps the one that it hears first.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type DocumentKind, type Envelope } from "@chimera/proto/signed/envelope";
import { comparePlace, showPlace, type Place } from "@chimera/proto/signed/place";
import { newestOf, type Seen } from "../../fleet/newest-document.ts";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { knownFleet, longerChain, type KnownFleet, type Shown } from "../fleet/known-fleet.ts";
import type { SshObserver } from "../fleet/ssh-observer.ts";
import { surveyNodes, type Surveyed } from "../fleet/survey-nodes.ts";
import type { Ssh } from "../transport/ssh-client.ts";

type Reported = Extract<Surveyed, { kind: "report" }>;

/** What leads out of all of these. */
export const runAgain = "Run this again: what you publish then stands above that, and is made on top of it";

/** The same observer with what the nodes say now. Throws order-stale or keys-stale where something was published since the first look. */
export async function lookAgain(io: Io, ssh: Ssh, observer: SshObserver): Promise<SshObserver> {
  const names = reportsOf(observer.surveyed).map(({ node }) => node);
  const again = reportsOf(await surveyNodes(ssh, names));
  try {
    refuseOvertaken(observer, again, { nowMs: io.nowMs(), own: null });
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    throw new ChimeraError(error.code, `nothing was signed: ${error.message}. ${runAgain}`);
  }
  // Who does not answer now is tried all the same, and named when it is not reached.
  const surveyed = observer.surveyed.map((one) => again.find(({ node }) => node === one.node) ?? one);
  return { ...observer, surveyed };
}

export interface Overtaking {
  nowMs: number;
  /** The head that is about to be brought: where a node has it, it came from here. */
  own: Digest | null;
}

/** Throws order-stale for a head or panic that was not there at the first look, keys-stale for a key set. */
export function refuseOvertaken(
  observer: Pick<SshObserver, "known" | "keys" | "trust" | "surveyed">,
  now: readonly Reported[],
  { nowMs, own }: Overtaking,
): void {
  const { known, keys, trust } = observer;
  refuseNewKeys(keys, now);
  const floor = newestOf(known)?.place ?? null;
  const seen = seenBefore(observer, own);
  for (const { node, report } of now) {
    const found = knownFleet([report], trust, nowMs);
    const newest = newestOf(found);
    if (newest === null || seen.has(newest.id) || isBelow(newest, floor)) continue;
    throw new ChimeraError("order-stale", `${node} has ${whatIs(found)} by now`);
  }
}

function refuseNewKeys({ chain, newest }: SshObserver["keys"], now: readonly Reported[]): void {
  const shown = now.map(({ report }) => report.keys);
  const version = longerChain(chain, shown).at(-1)?.set.version;
  if (version === newest.set.version) return;
  throw new ChimeraError("keys-stale", `key set ${version} was published meanwhile`);
}

function seenBefore(
  { known: { head, panic }, surveyed }: Pick<SshObserver, "known" | "surveyed">,
  own: Overtaking["own"],
): Set<Digest> {
  const ours = [own, head?.id, panic?.id].flatMap((id) => id ?? []);
  return new Set([...ours, ...reportsOf(surveyed).flatMap(({ report }) => shownIds(report))]);
}

function isBelow({ place }: Seen, floor: Place | null): boolean {
  return floor !== null && comparePlace(place, floor) < 0;
}

function whatIs({ head, panic }: KnownFleet): string {
  if (panic !== null) return `the panic of head ${showPlace(panic.panic)}`;
  if (head === null) return "nothing";
  const { author, reason } = head.head;
  const why = reason === "" ? "" : ` (${reason})`;
  return `head ${showPlace(head.head)} by ${printableLine(`${author}${why}`)}`;
}

/** Also of what does not verify: it is nothing new. */
function shownIds({ head, panic }: Pick<Shown, "head" | "panic">): Digest[] {
  return [...idOf(head, "head"), ...idOf(panic, "panic")];
}

function idOf(envelope: Envelope | null, kind: DocumentKind): Digest[] {
  if (envelope === null) return [];
  try {
    return [sha256(payloadOf(envelope, kind))];
  } catch (error) {
    if (error instanceof ChimeraError) return [];
    throw error;
  }
}

function reportsOf(surveyed: readonly Surveyed[]): Reported[] {
  return surveyed.flatMap((one) => (one.kind === "report" ? [one] : []));
}
