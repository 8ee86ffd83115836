/** SHELL. The way to the fleet's sessions for as long as a command needs it. */
import { sessionsSocketName } from "@chimera/proto/sessions/view-ask";
import type { Command } from "commander";
import { z } from "zod";
import { currentContext } from "../context/current-context.ts";
import { readContexts } from "../context/context-file.ts";
import type { Io } from "../io.ts";
import type { SessionRoad } from "./roads/session-road.ts";

/** Where to look for sessions. */
export interface Where {
  /** By name; undefined for the current one. */
  context?: string | undefined;
  /** The agent's own socket on this node: no fleet is asked. */
  socket?: string | undefined;
}

export async function withRoad<T>(io: Io, where: Where, work: (road: SessionRoad) => Promise<T>): Promise<T> {
  const road = await open(io, where);
  try {
    return await work(road);
  } finally {
    await road.close();
  }
}

/** What runs on this machine needs none of it. */
async function open(io: Io, { context, socket }: Where): Promise<SessionRoad> {
  if (socket !== undefined) return (await import("./roads/node-road.ts")).createNodeRoad(socket);
  const { openRoad } = await import("./roads/open-road.ts");
  return openRoad(io, await currentContext(io, context));
}

/** Where nobody said where to look: a fleet that is known, else the node that this is. */
export async function isAnywhere(io: Io, { context, socket }: Where): Promise<boolean> {
  if (context !== undefined || socket !== undefined || io.env["CHIMERA_CONTEXT"] !== undefined) return true;
  return (await readContexts(io)).current !== undefined;
}

const localSocket = `/run/chimera/${sessionsSocketName}`;

export function addWhereOptions(command: Command): Command {
  return command
    .option("-c, --context <name>", "fleet to look in (default: the current context)")
    .option("--local", "only on this node, as root, without NATS and controller")
    .option("--socket <file>", `the same by that socket of the agent (default: ${localSocket})`);
}

export const WhereOptions = z.object({
  context: z.string().optional(),
  local: z.boolean().default(false),
  socket: z.string().max(100).optional(),
});

export function whereOf({ context, local, socket }: z.infer<typeof WhereOptions>): Where {
  return { context, socket: socket ?? (local ? localSocket : undefined) };
}
