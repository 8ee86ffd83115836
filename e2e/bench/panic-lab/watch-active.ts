// SHELL. Seen from outside, by this machine's /proc: which nodes run a system, with every one of its restarted services.
import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { labCgroup } from "../../lab/kernel/cgroups.ts";
import type { Host } from "../../lab/host/host.ts";

const everyMs = 10;

export interface Wanted {
  host: Host;
  toplevel: string;
  /** Of the services' environment. */
  revision: string;
  services: readonly string[];
}

/** Seconds from `begunMs` (performance.now()) until all of them do. Throws deadline-exceeded. */
export async function untilAllActive(
  wanted: readonly Wanted[],
  { begunMs, timeoutMs }: { begunMs: number; timeoutMs: number },
): Promise<number> {
  const roots = await Promise.all(wanted.map(async (one) => ({ ...one, ...(await placeOf(one.host)) })));
  let open = roots;
  while (open.length > 0) {
    if (performance.now() - begunMs > timeoutMs) {
      const names = open.map(({ host }) => host.name).join(", ");
      throw new ChimeraError("deadline-exceeded", `not active after ${timeoutMs} ms: ${names}`);
    }
    const states = await Promise.all(open.map((one) => isActive(one)));
    open = open.filter((_, i) => states[i] !== true);
    if (open.length > 0) await sleep(everyMs);
  }
  return (performance.now() - begunMs) / 1000;
}

async function placeOf(host: Host): Promise<{ root: string; slice: string }> {
  const root = `/proc/${await host.leaderPid()}/root`;
  return { root, slice: join(await labCgroup(), host.name, "payload", "system.slice") };
}

async function isActive({
  root,
  slice,
  toplevel,
  revision,
  services,
}: Wanted & { root: string; slice: string }) {
  const current = await readlink(join(root, "run/current-system")).catch(() => "");
  if (current !== toplevel) return false;
  const running = await Promise.all(services.map((service) => revisionOf(join(slice, `${service}.service`))));
  return running.every((found) => found === revision);
}

/** Null while it stops or starts. */
async function revisionOf(cgroup: string): Promise<string | null> {
  const text = await readFile(join(cgroup, "cgroup.procs"), "utf8").catch(() => "");
  const [pid] = text.split("\n");
  if (pid === undefined || pid === "") return null;
  const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  return /(?:^|\0)LAB_REVISION=([^\0]*)/u.exec(environment)?.[1] ?? null;
}
