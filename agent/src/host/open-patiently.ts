/** SHELL. Opens a file that somebody may hold a lease on: an honest holder, as a file server, lets go of it in a moment. */
import { openSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { attempt, type Outcome } from "./errno-outcome.ts";

const attempts = 4;
const waitMs = 15;

/** `flags` with O_NONBLOCK. EAGAIN: the lease is still held; to wait for its end would be to wait for whoever took it. */
export async function openPatiently(path: string, flags: number): Promise<Outcome<number>> {
  let opened = attempt(() => openSync(path, flags));
  for (let tried = 1; isLeased(opened) && tried < attempts; tried += 1) {
    await setTimeout(waitMs);
    opened = attempt(() => openSync(path, flags));
  }
  return opened;
}

function isLeased(opened: Outcome<number>): boolean {
  return opened.kind === "failed" && opened.errno === "EAGAIN";
}
