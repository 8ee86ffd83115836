/** SHELL. The hot figures from /proc and statfs. The units' part is handed in: asking systemd has its own pace. */
import { readFileSync, statfsSync } from "node:fs";
import type { HealthSample } from "@chimera/proto/health";
import type { NodeName } from "@chimera/proto/names";
import type { UnitsFact } from "../reconcile/decision.ts";
import type { Reserve } from "../reconcile/preflight/judge-preflight.ts";
import { tellBootPartition } from "./preflight/boot-partition.ts";

export function readHealth(node: NodeName, units: UnitsFact | null, reserve: Reserve): HealthSample {
  const store = statfsSync("/nix/store");
  const memory = parseMeminfo(readFileSync("/proc/meminfo", "utf8"));
  return {
    v: 1,
    node,
    at: new Date().toISOString(),
    uptimeSeconds: Number.parseFloat(readFileSync("/proc/uptime", "utf8")),
    load1: Number.parseFloat(readFileSync("/proc/loadavg", "utf8")),
    memoryTotalBytes: memory.get("MemTotal") ?? 0,
    memoryAvailableBytes: memory.get("MemAvailable") ?? 0,
    storeTotalBytes: store.blocks * store.bsize,
    storeFreeBytes: store.bavail * store.bsize,
    systemState: units?.state ?? "unknown",
    failedUnits: units?.failing.slice(0, 50) ?? [],
    space: {
      storeReserveBytes: reserve.storeBytes,
      boot: tellBootPartition("/boot", reserve.bootBytes),
    },
  };
}

/** Bytes by name; the kernel writes "MemTotal:  24576 kB". */
export function parseMeminfo(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, name = "", kib = "0"]): [string, number] => [
      name,
      Number(kib) * 1024,
    ]),
  );
}
