// SHELL. Polls a condition until it holds; the error says what was waited for.
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";

export type WaitOptions = { readonly timeoutMs: number; readonly everyMs?: number };

/** Resolves with the first value that is neither `undefined` nor `false`. */
export async function waitUntil<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) {
      throw new ChimeraError("deadline-exceeded", `${what}: not within ${options.timeoutMs / 1000} s`);
    }
    await sleep(options.everyMs ?? 50);
  }
}
