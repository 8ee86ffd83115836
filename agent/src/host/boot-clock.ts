/** SHELL. Time that no clock step moves: milliseconds since boot, and which boot that was. */
import { readFileSync } from "node:fs";

export function uptimeMs(): number {
  return Math.round(Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1000);
}

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
