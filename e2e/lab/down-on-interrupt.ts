// SHELL. Ctrl-C leaves nothing behind. A kill that cannot be seen is cleaned up by the next `up` or `down`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Report } from "./report.ts";

const program = join(import.meta.dirname, "main.ts");

/** For a program that brings a lab up. Answers how to stop it, for one that leaves its lab running. */
export function downOnInterrupt(report: Report): () => void {
  const end = (signal: NodeJS.Signals): void => {
    report(`interrupted (${signal})`);
    // A process of its own while this one stands still: an `up` that went on would make what has just been removed.
    // In a session of its own: a second Ctrl-C shall not end it half-way.
    spawnSync("setsid", [process.execPath, program, "down"], { stdio: ["ignore", "inherit", "inherit"] });
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  return () => {
    process.off("SIGINT", end);
    process.off("SIGTERM", end);
  };
}
