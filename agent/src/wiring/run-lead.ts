/** Wiring: the program of a rollout's session, on a node that may lead. It reads what the agent has accepted, and drives nothing but the record. */
import { join } from "node:path";
import { openKeys, TrustState } from "@chimera/proto/acceptance/trust-state";
import { nowOf } from "@chimera/proto/acceptance/verdict";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { AgentConfig } from "../config.ts";
import { askIn } from "../control/lead/ask-in.ts";
import { KeptLists, readLists } from "../control/lead/read-lists.ts";
import { fetchWave } from "../control/look/fetch-wave.ts";
import { readSecret } from "../host/agent/identity.ts";
import { openLog } from "../host/log/open-log.ts";
import { readDocument } from "../host/state/documents.ts";
import { writeStateFile } from "../host/state/state-file.ts";
import { EndedRollout } from "../rollout/ended-rollout.ts";
import { leadFleet, sayOnce, type Led } from "./lead-fleet.ts";
import { endedFile } from "./tend-rollout.ts";
import { version } from "../version.ts";

const over = "another document was accepted: nobody leads it any more";

/** Resolves with how it ended, in a sentence. Of another head than the accepted one it leads nothing. */
export async function runLead(config: AgentConfig, head: Digest): Promise<string> {
  const led = acceptedHead(config, head);
  if (led === null) return over;
  const { stateDir, controller } = config;
  const { log, close } = openLog({ node: config.node, version }, config.logLevel);
  const say = sayOnce();
  const isCurrent = () => acceptedHead(config, head) !== null;
  const lists = await readLists(
    led.policy.waves.map(({ list }) => list),
    {
      ...keptIn(join(stateDir, "lists.json")),
      fetch: (digest) => fetchWave(urlOf(controller), readSecret(controller.tokenFile), digest),
      isWanted: isCurrent,
      againMs: 5_000,
      say,
    },
  );
  const phase =
    lists === null
      ? over
      : await leadFleet({
          config,
          led,
          lists,
          known: readDocument(join(stateDir, "rollout.json"), RolloutRecord),
          ended: endedBefore(stateDir, head),
          utcMs: () => utcMs(readTrust(stateDir)),
          openAsk: (envelope) => askIn(envelope, { ...asked(readTrust(stateDir)), head }),
          isCurrent,
          // This node's agent tells it: it reads the record as every node does.
          onRecord: () => undefined,
          log,
          say,
        });
  noteEnd(stateDir, head, phase);
  close();
  return `head ${led.head.serial}: ${phase}`;
}

/** Where it is not noted the program runs once more, and sees the same end. */
function noteEnd(stateDir: string, head: Digest, phase: string): void {
  const ended = EndedRollout.safeParse({ v: 1, head, phase }).data;
  if (ended !== undefined) writeStateFile(endedFile(stateDir), ended);
}

function endedBefore(stateDir: string, head: Digest): EndedRollout["phase"] | null {
  const ended = readDocument(endedFile(stateDir), EndedRollout);
  return ended?.head === head ? ended.phase : null;
}

/** Of the newest rollout, whatever it was. */
export function keptIn(file: string) {
  return {
    kept: readDocument(file, KeptLists)?.lists ?? [],
    keep: (lists: KeptLists) => writeStateFile(file, lists),
  };
}

export function urlOf({ url }: AgentConfig["controller"]): string {
  return url.replace(/\/+$/, "");
}

/** As the agent has verified and kept it; null where another one counts, where a panic undid it, and where it has no waves. */
function acceptedHead({ stateDir }: Pick<AgentConfig, "stateDir">, id: Digest): Led | null {
  const state = readTrust(stateDir);
  const accepted = state?.head ?? null;
  const policy = accepted?.head.policy.rollout;
  if (accepted === null || accepted.id !== id || policy === undefined || state?.panic !== null) return null;
  return { id, head: accepted.head, policy };
}

function readTrust(stateDir: string): TrustState | null {
  return readDocument(join(stateDir, "trust.json"), TrustState);
}

/** Never before what an operator has signed, whatever this machine's clock shows: as nodes have it. */
function utcMs(state: TrustState | null): number {
  const judge = { nowMs: Date.now() };
  return state === null ? judge.nowMs : nowOf({ state, judge });
}

/** By the keys that the agent goes by now. */
function asked(state: TrustState | null) {
  if (state === null) throw new ChimeraError("state-invalid", "nothing was accepted here");
  return { role: openKeys(state).set.roles.order, fleetId: state.fleetId, nowMs: utcMs(state) };
}
