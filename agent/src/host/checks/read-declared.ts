/** SHELL. The checks that a system's own module declares, from the configuration that its closure brings for its agent. */
import { HealthCheck, UnitRule } from "@chimera/proto/health-check";
import type { Log } from "@chimera/proto/log";
import type { StorePath } from "@chimera/proto/names";
import { z } from "zod";
import type { Declared } from "../../reconcile/checks/own-policy.ts";
import { readSmallFile } from "../read-small-file.ts";

const maxBytes = 4 << 20;

const list = z.array(z.unknown()).max(10_000).optional();
const Brought = z.object({ checks: list, units: list });

const nothing: Declared = { checks: null, units: null };

/** A closure does not change: each is read once. */
export function createDeclaredReader(log: Log): (toplevel: StorePath) => Promise<Declared> {
  let last: { toplevel: StorePath; declared: Declared } | null = null;
  return async (toplevel) => {
    if (last?.toplevel === toplevel) return last.declared;
    const declared = await readDeclared(toplevel, log);
    last = { toplevel, declared };
    return declared;
  };
}

/** Nothing for a system without an agent, or with a configuration that is none: its agent is asked about that before. */
export async function readDeclared(toplevel: string, log: Log): Promise<Declared> {
  const text = await readSmallFile(`${toplevel}/etc/chimera/agent.json`, maxBytes);
  const brought = text === null ? undefined : Brought.safeParse(parseJson(text)).data;
  if (brought === undefined) return nothing;
  const { checks, units } = brought;
  const read = { checks: known(HealthCheck, checks), units: known(UnitRule, units) };
  const left = (checks?.length ?? 0) - (read.checks?.length ?? 0);
  if (left > 0) log.warn({ toplevel, left }, "checks of the system are not known to this agent");
  return read;
}

/** A newer agent may know kinds that this one cannot run: the rest counts all the same. */
function known<T>(schema: z.ZodType<T>, entries: readonly unknown[] | undefined): T[] | null {
  return entries === undefined ? null : entries.flatMap((entry) => schema.safeParse(entry).data ?? []);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
