/**
 * SHELL. `chimera-agent follow`: shows how far this node is, and holds no state. It asks the agent over its socket, so that an
 * agent that replaces itself meanwhile is only a pause; killing it changes nothing.
 */
import { setTimeout as delay } from "node:timers/promises";
import { answerMark } from "@chimera/proto/delivery";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { localError, type LocalAnswer } from "@chimera/proto/local-api";
import { askOwnAgent } from "./ask-own-agent.ts";
import { isFollowed, progressLine, sightOf } from "./follow-progress.ts";

export interface Following {
  runtimeDir: string;
  serial: number;
  /** For a program: a marked JSON line with a signed report at each change, until standard input ends. */
  json: boolean;
  /** Ends it. */
  signal: AbortSignal;
  out: (line: string) => void;
}

const programMs = 100;
const personMs = 500;
/** Whoever is gone is noticed by a line that cannot be written. */
const aliveMs = 5_000;
/** So that the last line can be read. */
const lingerMs = 60_000;

export async function followAgent(following: Following): Promise<void> {
  const { json, serial, signal } = following;
  const tell = createTell(following);
  while (!signal.aborted) {
    const answer = await look(following);
    tell(answer);
    if (!json && answer.ok && isFollowed(answer.status, serial)) return pause(lingerMs, signal);
    await pause(json ? programMs : personMs, signal);
  }
}

/** Each change once, and to a program also that it is still there. */
function createTell({ json, out }: Following): (answer: LocalAnswer) => void {
  let told = "";
  let toldMs = Number.NEGATIVE_INFINITY;
  return (answer) => {
    const sight = answer.ok ? sightOf(answer.status) : answer.error.message;
    const isDue = json && performance.now() - toldMs > aliveMs;
    if (sight === told && !isDue) return;
    [told, toldMs] = [sight, performance.now()];
    out(json ? `${answerMark}${JSON.stringify(answer)}` : personLine(answer));
  };
}

async function look({ runtimeDir, json }: Following): Promise<LocalAnswer> {
  try {
    return await askOwnAgent(runtimeDir, { v: 1, command: json ? "report" : "status" });
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return localError(error.code, errorChain(error));
  }
}

function personLine(answer: LocalAnswer): string {
  const time = new Date().toISOString().slice(11, 19);
  return `${time} ${answer.ok ? progressLine(answer.status) : answer.error.message}`;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
