/** SHELL. The session of a fleet that a name means. */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import type { ListedSession } from "@chimera/proto/sessions/session-api";
import type { SessionFacts, SessionName } from "@chimera/proto/sessions/session";
import type { SessionAt, SessionRoad } from "./roads/session-road.ts";

export interface FoundSession extends SessionAt {
  /** As its node said them last; null where it said nothing of it, or nobody knows it. */
  facts: SessionFacts | null;
}

export const rolloutWord = "rollout";

const looks = 16;
const lookMs = 200;

/** Of one node: it may know more than what it said. What was ordered a moment ago is waited for until its node has said something of it. */
export async function sessionOn(road: SessionRoad, at: SessionAt): Promise<FoundSession> {
  for (let look = 1; ; look += 1) {
    const listed = (await road.list(at)).find(({ facts }) => facts.name === at.session);
    if (listed !== undefined || look === looks) return { ...at, facts: listed?.facts ?? null };
    await delay(lookMs);
  }
}

/** By its name alone, on whatever node; "rollout" is the one that runs, else the newest. Undefined where none is called so. */
export async function sessionNamed(road: SessionRoad, name: SessionName): Promise<FoundSession | undefined> {
  if (name === rolloutWord) {
    const [newest] = newestFirst((await road.list()).filter(({ facts }) => facts.kind === "rollout"));
    if (newest !== undefined) return toFound(newest);
  }
  const found = (await road.list({ session: name })).filter(({ facts }) => facts.name === name);
  const running = found.filter(({ facts }) => facts.state === "running");
  const meant = running.length > 0 ? running : newestFirst(found).slice(0, 1);
  if (meant.length > 1) throw ambiguous(name, meant);
  return meant[0] === undefined ? undefined : toFound(meant[0]);
}

/** What runs, before what has ended. */
export function newestFirst(sessions: readonly ListedSession[]): ListedSession[] {
  return sessions.toSorted((a, b) => {
    const [first, second] = [a, b].map(({ facts }) => facts.state === "running");
    if (first !== second) return first ? -1 : 1;
    return b.facts.createdAt.localeCompare(a.facts.createdAt);
  });
}

function ambiguous(name: string, found: readonly ListedSession[]): ChimeraError {
  const names = found.slice(0, 8).map(({ node }) => `${node}/${name}`);
  const more = found.length > names.length ? `, … (${found.length})` : "";
  return new ChimeraError("usage", `${name} runs on several nodes: ${names.join(", ")}${more}`);
}

function toFound({ node, facts }: { node: NodeName; facts: SessionFacts }): FoundSession {
  return { node, session: facts.name, facts };
}
