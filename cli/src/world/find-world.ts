/** PURE. Which world is meant by a serial or by the first digits of an id, in a verified history. */
import { ChimeraError } from "@chimera/proto/errors";
import { WorldId } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";

const leastDigits = 8;

/** `heads` newest first. Throws world-unknown, or usage for digits that fit several worlds. */
export function findWorld(heads: readonly { head: Head }[], word: string): WorldId {
  const whole = WorldId.safeParse(word);
  if (whole.success) return whole.data;
  const bySerial = /^\d{1,9}$/u.test(word)
    ? heads.find(({ head }) => head.serial === Number(word))
    : undefined;
  if (bySerial !== undefined) return bySerial.head.world;
  const isPrefix = /^[0-9a-f]+$/u.test(word) && word.length >= leastDigits;
  const worlds = new Set(heads.map(({ head }) => head.world).filter((id) => isPrefix && id.startsWith(word)));
  const [found] = worlds;
  if (found === undefined) {
    throw new ChimeraError(
      "world-unknown",
      `"${word}": no signed head of the history with that serial, no world that begins so (at least ${leastDigits} digits)`,
    );
  }
  if (worlds.size === 1) return found;
  throw new ChimeraError("usage", `"${word}" fits several worlds: give more digits`);
}
