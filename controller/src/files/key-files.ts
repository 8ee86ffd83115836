/** SHELL. Verified key sets as files, one a version: a controller that lost its NATS data does not forget whom to trust. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { IsoTime } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { z } from "zod";
import type { FoundKeySet } from "../fleet/key-chain.ts";
import { readJsonFile, writeDurably } from "./durable-file.ts";

const KeySetFile = z.strictObject({
  v: z.literal(1),
  /** When the bucket was first seen to hold it. */
  since: IsoTime,
  envelope: Envelope,
});
type KeySetFile = z.infer<typeof KeySetFile>;

export interface FoundWhen extends FoundKeySet {
  sinceMs: number;
}

/** A file that cannot be read is reported and left out: the bucket, or an operator's copy, has that set too. */
export function readKeyFiles(folder: string, log: Log): FoundWhen[] {
  mkdirSync(folder, { recursive: true });
  const versions = readdirSync(folder).flatMap((name) => {
    const [, digits] = /^([1-9][0-9]{0,8})\.json$/.exec(name) ?? [];
    return digits === undefined ? [] : [Number(digits)];
  });
  return versions.toSorted((a, b) => a - b).flatMap((version) => readKeyFile(folder, version, log));
}

export function writeKeyFile(folder: string, { version, envelope, sinceMs }: FoundWhen): void {
  const file: KeySetFile = { v: 1, since: new Date(sinceMs).toISOString(), envelope };
  writeDurably(join(folder, `${version}.json`), `${JSON.stringify(file)}\n`);
}

function readKeyFile(folder: string, version: number, log: Log): FoundWhen[] {
  const path = join(folder, `${version}.json`);
  try {
    const file = readJsonFile(path, KeySetFile);
    return file === undefined ? [] : [{ version, envelope: file.envelope, sinceMs: Date.parse(file.since) }];
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log.error({ path, error }, "key set file ignored");
    return [];
  }
}
