/** PURE. The documents of a history, newest first: heads, also those that are not genuine, and the panics that undid them. */
import type { StoredHead } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, WorldId } from "@chimera/proto/names";
import { panicPlace } from "@chimera/proto/signed/panic";
import { comparePlace, showPlace, type Place } from "@chimera/proto/signed/place";
import type { KnownPanic, KnownPast } from "../past/known-past.ts";

export type HistoryDocument = {
  id: Digest;
  place: Place;
  /** By the clock of the store. */
  storedAt: string;
  /** Whose leaves name the nodes that it is for, and their keys; null for a head that is not genuine. */
  world: WorldId | null;
} & ({ kind: "head"; head: StoredHead } | { kind: "panic"; panic: KnownPanic });

/** A panic stands above the head that it undoes. */
export function historyDocuments(heads: readonly StoredHead[], past: KnownPast): HistoryDocument[] {
  const worlds = new Map(past.heads.map(({ id, head }) => [id, head.world]));
  const found: HistoryDocument[] = [
    ...heads.map((head): HistoryDocument => {
      const { epoch, serial } = head.head;
      const { id, storedAt } = head;
      return {
        kind: "head",
        id,
        storedAt,
        place: { epoch, serial, rank: 0 },
        world: worlds.get(id) ?? null,
        head,
      };
    }),
    ...past.panics.map((panic): HistoryDocument => {
      const { id, storedAt } = panic;
      const world = worlds.get(panic.panic.undoes) ?? null;
      return { kind: "panic", id, storedAt, place: panicPlace(panic.panic), world, panic };
    }),
  ];
  return found.toSorted((a, b) => comparePlace(b.place, a.place));
}

/** `word`: 7, 0.7, and with +panic the panic of that head. Throws not-found, or usage for what fits several. */
export function findDocument(documents: readonly HistoryDocument[], word: string): HistoryDocument {
  const found = documents.filter(({ place }) => {
    const whole = showPlace(place);
    return whole === word || whole.slice(whole.indexOf(".") + 1) === word;
  });
  const [first] = found;
  if (first === undefined) {
    throw new ChimeraError(
      "not-found",
      `"${word}": no head of the history has that serial (7, 0.7; 7+panic for the panic that undid it)`,
    );
  }
  const choices = [...new Set(found.map(({ place }) => showPlace(place)))];
  if (choices.length === 1) return first;
  throw new ChimeraError("usage", `"${word}" fits several heads: ${choices.join(", ")}`);
}

/** From when on nodes may have said something of them. */
export function sinceOf(documents: readonly HistoryDocument[]): string {
  const times = documents.flatMap((document) => [
    document.storedAt,
    ...(document.kind === "head" ? [document.head.head.createdAt] : []),
  ]);
  return new Date(Math.min(...times.map((time) => Date.parse(time)))).toISOString();
}
