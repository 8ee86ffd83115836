/**
 * SHELL. How often somebody may ask. Whoever shows a right token is counted by it; everybody else by his address, in a table of fixed size.
 * A right token is never refused for its address: a stranger behind the same proxy could lock out a whole fleet. Nobody finds one of 256 bits.
 */
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Limits } from "../config.ts";
import { addressGroup } from "./address-group.ts";

export interface AskLimits {
  /** Each throws too-many-requests. */
  stranger(address: string): Promise<void>;
  /** Beyond what slips of people need also slow. */
  wrongToken(address: string): Promise<void>;
  holder(tokenId: string): Promise<void>;
}

const strangerSeconds = 10;
const wrongSeconds = 60;
/** Addresses cost an attacker nothing: those of one slot are counted as one. */
const slots = 4096;
const slowMs = 1000;
/** Who waits takes memory too; beyond so many the answer comes at once. */
const mostWaiting = 64;

export function createAskLimits({
  tokenRequests,
  strangerRequests,
  wrongTokens,
}: Pick<Limits, "tokenRequests" | "strangerRequests" | "wrongTokens">): AskLimits {
  const holders = new RateLimiterMemory({ points: tokenRequests, duration: strangerSeconds });
  const strangers = new RateLimiterMemory({ points: strangerRequests, duration: strangerSeconds });
  const wrong = new RateLimiterMemory({ points: wrongTokens, duration: wrongSeconds });
  const slotOf = createSlots();
  let waiting = 0;
  async function slowDown(): Promise<void> {
    if (waiting >= mostWaiting) return;
    waiting += 1;
    await wait(slowMs, undefined, { ref: false });
    waiting -= 1;
  }
  return {
    async holder(tokenId) {
      if (!(await isLeft(holders, tokenId))) throw tooMany(`a token may ask ${tokenRequests} times`);
    },
    async stranger(address) {
      if (!(await isLeft(strangers, slotOf(address))))
        throw tooMany(`without a token ${strangerRequests} requests of one address are answered`);
    },
    async wrongToken(address) {
      if (await isLeft(wrong, slotOf(address))) return;
      await slowDown();
      const what = "the token is unknown, expired or revoked, and not the first of its address";
      throw new ChimeraError("too-many-requests", `${what}: ${wrongTokens} a minute are looked at`);
    },
  };
}

async function isLeft(limiter: RateLimiterMemory, key: string): Promise<boolean> {
  return limiter.consume(key).then(
    () => true,
    (refusal: unknown) => {
      if (refusal instanceof RateLimiterRes) return false;
      throw refusal;
    },
  );
}

/** Salted, so that nobody can choose whose slot he fills. */
function createSlots(): (address: string) => string {
  const salt = randomBytes(16);
  return (address) => {
    const hash = createHash("sha256").update(salt).update(addressGroup(address)).digest();
    return String(hash.readUInt32BE(0) % slots);
  };
}

function tooMany(what: string): ChimeraError {
  return new ChimeraError("too-many-requests", `${what} in ${strangerSeconds} s`);
}
