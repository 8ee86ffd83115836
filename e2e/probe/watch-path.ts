// SHELL. Runs on a lab node: looks at one file without a pause until another one is gone, and says for how long it was gone itself.
import { lstatSync, readFileSync } from "node:fs";
import { z } from "zod";

/** `spoil`: a file that is not right, and goes with the repair. */
const Input = z.object({ path: z.string(), spoil: z.string(), timeoutMs: z.number() });
const { path, spoil, timeoutMs } = Input.parse(JSON.parse(readFileSync(0, "utf8")));

/** It is watched for so long afterwards. */
const settleMs = 5_000;

const sizeOf = (file: string) => lstatSync(file, { throwIfNoEntry: false })?.size;
const isThere = (file: string) => sizeOf(file) !== undefined;
/** One that is only begun is no use to anybody. */
const whole = sizeOf(path);
const end = performance.now() + timeoutMs;
let [looks, missing, longestGapMs, wasSpoilt] = [0, 0, 0, false];
let goneAt: number | null = null;
let rightAt: number | null = null;
for (let now = performance.now(); now < end && now - (rightAt ?? now) < settleMs; now = performance.now()) {
  looks += 1;
  if (sizeOf(path) !== whole) {
    missing += 1;
    goneAt ??= now;
    continue;
  }
  if (goneAt !== null) longestGapMs = Math.max(longestGapMs, now - goneAt);
  goneAt = null;
  const isSpoilt = isThere(spoil);
  if (wasSpoilt && !isSpoilt) rightAt ??= now;
  wasSpoilt ||= isSpoilt;
}
process.stdout.write(JSON.stringify({ looks, missing, longestGapMs, isRight: rightAt !== null }));
