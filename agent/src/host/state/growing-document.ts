/**
 * SHELL. A document that gains fields as agents are renewed, for a node that goes back to an older one: whatever a newer agent
 * put in beside the fields that are known here stays in the file, and is nobody's to read until that agent is back.
 */
import type { Log } from "@chimera/proto/log";
import type { z } from "zod";
import { openDocument, readDocument, type Stored } from "./documents.ts";
import { writeStateFile } from "./state-file.ts";

interface Split<T> {
  value: T;
  /** Fields that the schema does not name. */
  more: Readonly<Record<string, unknown>>;
}

/** Throws file-unreadable when a newer agent wrote another version: then this one must not drive. */
export function openGrowing<T extends z.ZodRawShape>(
  path: string,
  schema: z.ZodObject<T>,
  log: Log,
): Stored<z.infer<z.ZodObject<T>>> {
  const { value, corrupt, save } = openDocument<Readonly<Record<string, unknown>>>(path, schema.loose(), log);
  const split = value === null ? null : splitBy(schema, value);
  return { value: split?.value ?? null, corrupt, save: (next) => save({ ...split?.more, ...next }) };
}

/** Changed in place by whoever is no agent; nothing happens where there is none that can be read. */
export function editGrowing<T extends z.ZodRawShape>(
  path: string,
  schema: z.ZodObject<T>,
  work: (value: z.infer<z.ZodObject<T>>) => z.infer<z.ZodObject<T>>,
): void {
  const found = readDocument<Readonly<Record<string, unknown>>>(path, schema.loose());
  if (found === null) return;
  const { value, more } = splitBy(schema, found);
  writeStateFile(path, { ...more, ...work(value) });
}

function splitBy<T extends z.ZodRawShape>(
  schema: z.ZodObject<T>,
  found: Readonly<Record<string, unknown>>,
): Split<z.infer<z.ZodObject<T>>> {
  const more = Object.entries(found).filter(([name]) => !Object.hasOwn(schema.shape, name));
  return { value: schema.parse(found), more: Object.fromEntries(more) };
}
