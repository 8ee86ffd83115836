/** PURE. Which world is meant by a serial, a place or the first digits of an id, in a verified history. */
import { ChimeraError } from "@chimera/proto/errors";
import { WorldId } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";
import { showPlace } from "@chimera/proto/signed/place";

const leastDigits = 8;

/**
 * `heads` newest first; `word`: 7, 0.7 (the epoch first), or digits of a world. Throws world-unknown, or usage for what fits
 * several worlds: serials begin anew with an epoch, and a long one may be the beginning of a world too.
 */
export function findWorld(heads: readonly { head: Head }[], word: string): WorldId {
  const whole = WorldId.safeParse(word);
  if (whole.success) return whole.data;
  const named = [...bySerial(heads, word), ...byDigits(heads, word)];
  const [found] = named;
  if (found === undefined) {
    throw new ChimeraError(
      "world-unknown",
      `"${word}": no signed head of the history with that serial, no world that begins so (at least ${leastDigits} digits)`,
    );
  }
  if (new Set(named.map(({ world }) => world)).size === 1) return found.world;
  const choices = [...new Set(named.map(({ name }) => name))].slice(0, 4).join(", ");
  throw new ChimeraError("usage", `"${word}" fits several worlds: ${choices}`);
}

interface Named {
  world: WorldId;
  /** What to type instead. */
  name: string;
}

function bySerial(heads: readonly { head: Head }[], word: string): Named[] {
  if (!/^(?:\d{1,9}\.)?\d{1,9}$/u.test(word)) return [];
  return heads
    .filter(({ head }) => String(head.serial) === word || showPlace(head) === word)
    .map(({ head }) => ({ world: head.world, name: showPlace(head) }));
}

function byDigits(heads: readonly { head: Head }[], word: string): Named[] {
  if (word.length < leastDigits || !/^[0-9a-f]+$/u.test(word)) return [];
  return heads
    .filter(({ head }) => head.world.startsWith(word))
    .map(({ head: { world } }) => ({ world, name: `world ${world.slice(0, word.length + leastDigits)}` }));
}
