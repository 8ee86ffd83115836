/**
 * SHELL. The same answer as the agent's, while no agent runs: from its files, which are only looked at. What cannot be read
 * is named; what is whole is shown all the same.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import { nowOf } from "@chimera/proto/acceptance/verdict";
import type { LocalStatus } from "@chimera/proto/local-api";
import { LocalState, noLocalState } from "@chimera/proto/local-order";
import type { NodeName } from "@chimera/proto/names";
import type { z } from "zod";
import { bootId, uptimeMs } from "../host/boot-clock.ts";
import { readPointers } from "../host/system-pointers.ts";
import { Journal } from "../reconcile/journal.ts";
import { composeStoredStatus } from "./compose-stored-status.ts";

const maxBytes = 4 << 20;

type Unreadable = LocalStatus["unreadable"][number];
type Look<T> = { value: T | null; unreadable: Unreadable[] };

export function readLocalStatus(stateDir: string, node: NodeName | null = null): LocalStatus {
  const journal = look(join(stateDir, "journal.json"), Journal);
  const trust = look(join(stateDir, "trust.json"), TrustState);
  const local = look(join(stateDir, "local.json"), LocalState);
  const clockMs = Date.now();
  return composeStoredStatus({
    node,
    journal: journal.value,
    trust: trust.value,
    local: local.value ?? noLocalState,
    system: readPointers(),
    boot: { bootId: bootId(), uptimeMs: uptimeMs() },
    at: new Date(clockMs).toISOString(),
    nowMs: trust.value === null ? clockMs : nowOf({ state: trust.value, judge: { nowMs: clockMs } }),
    unreadable: [...journal.unreadable, ...trust.unreadable, ...local.unreadable],
  });
}

/** A missing file says that there is nothing; a broken one says nothing. */
function look<T>(file: string, schema: z.ZodType<T>): Look<T> {
  try {
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts === undefined) return { value: null, unreadable: [] };
    if (!facts.isFile()) return broken(file, "no regular file");
    if (facts.size > maxBytes) return broken(file, `larger than ${maxBytes} bytes`);
    return parse(file, readFileSync(file, "utf8"), schema);
  } catch (error) {
    return broken(file, error instanceof Error ? error.message : "unreadable");
  }
}

function parse<T>(file: string, text: string, schema: z.ZodType<T>): Look<T> {
  const json = parseJson(text);
  if (json === undefined) return broken(file, "not JSON");
  const result = schema.safeParse(json);
  if (result.success) return { value: result.data, unreadable: [] };
  const [issue] = result.error.issues;
  const version = typeof json === "object" && json !== null && "v" in json ? json.v : undefined;
  return broken(
    file,
    `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong"} (version ${String(version)})`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function broken<T>(file: string, reason: string): Look<T> {
  return { value: null, unreadable: [{ file, reason: reason.slice(0, 1024) }] };
}
