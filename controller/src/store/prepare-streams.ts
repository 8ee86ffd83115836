/** SHELL. Makes what is missing in JetStream, changes nothing that exists, and says where that differs. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { NatsError, type JetStreamManager } from "nats";
import { settingDifferences } from "../fleet/setting-differences.ts";
import { declaredStreams, type DeclaredStream } from "./declared-streams.ts";

const streamNotFound = 10_059;
const nameInUse = 10_058;

/** Memory streams are gone after each restart of the server, so this runs after every connect. */
export async function prepareStreams(jsm: JetStreamManager, log: Log): Promise<void> {
  for (const wanted of declaredStreams) {
    try {
      await prepareStream(jsm, wanted, log);
    } catch (cause) {
      throw new ChimeraError("server-unreachable", `prepare stream ${wanted.name}`, { cause });
    }
  }
}

async function prepareStream(jsm: JetStreamManager, wanted: DeclaredStream, log: Log): Promise<void> {
  const found = await findStream(jsm, wanted.name);
  if (found === undefined) {
    await addStream(jsm, wanted);
    log.info({ stream: wanted.name }, "stream created");
    return;
  }
  const differences = settingDifferences({ ...wanted }, { ...found });
  if (differences.length > 0) {
    log.warn({ stream: wanted.name, differences }, "stream has other settings than declared");
  }
}

async function findStream(jsm: JetStreamManager, name: string) {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (apiErrorCode(error) === streamNotFound) return undefined;
    throw error;
  }
}

/** Another controller may have been faster. */
async function addStream(jsm: JetStreamManager, wanted: DeclaredStream): Promise<void> {
  try {
    await jsm.streams.add(wanted);
  } catch (error) {
    if (apiErrorCode(error) !== nameInUse) throw error;
  }
}

/**
 * True when a stream that was there may be gone: somebody deleted it, or its server lost its data. A publication into none
 * is not refused but unanswered, as long as anybody else listens on its subject.
 */
export function mayBeGone(error: unknown): boolean {
  if (!(error instanceof ChimeraError) || !(error.cause instanceof NatsError)) return false;
  return ["503", "TIMEOUT"].includes(error.cause.code) || apiErrorCode(error.cause) === streamNotFound;
}

/** The number by which JetStream names an error; undefined for anything else. */
export function apiErrorCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.jsError()?.err_code : undefined;
}
