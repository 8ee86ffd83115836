/**
 * SHELL. The way to a fleet's sessions. A view goes straight over NATS where the operator has an nkey, lists and what was kept come from the
 * controller, which has them in memory; each takes the other's place where it does not answer.
 */
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import { createApiClient } from "../../api/api-client.ts";
import { readToken, type NamedContext } from "../../context/current-context.ts";
import type { Io } from "../../io.ts";
import { readOperatorCredentials } from "../../nats/credentials.ts";
import { createControllerRoad } from "./controller-road.ts";
import type { SessionRoad } from "./session-road.ts";

export async function openRoad(io: Io, context: NamedContext): Promise<SessionRoad> {
  const api = await createApiClient(io, context);
  const url = context.controller.replace(/\/+$/u, "");
  const controller = createControllerRoad({ api, url, token: await readToken(context, "api") });
  if (context.natsServers === undefined || context.natsSeedFile === undefined) return controller;
  return either(controller, () => openNats(io, context));
}

async function openNats(io: Io, context: NamedContext): Promise<SessionRoad> {
  const { natsServers = [], natsSeedFile = "", natsPassFile, fleetId } = context;
  const own = await readOperatorCredentials({ natsSeedFile, natsPassFile }, io.nowMs());
  const { openNatsLink } = await import("../../nats/connection.ts");
  const { createNatsRoad } = await import("./nats-road.ts");
  return createNatsRoad(await openNatsLink({ servers: natsServers, ...own }), fleetId);
}

function either(controller: SessionRoad, open: () => Promise<SessionRoad>): SessionRoad {
  let opening: Promise<SessionRoad> | null = null;
  const nats = (): Promise<SessionRoad> => {
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  return {
    over: "NATS or the controller",
    list: (which) =>
      orElse(
        () => controller.list(which),
        async () => (await nats()).list(which),
      ),
    kept: (at) =>
      orElse(
        () => controller.kept(at),
        async () => (await nats()).kept(at),
      ),
    // Whoever asks for the view hears of what goes wrong.
    expectView: () => void nats().catch(() => undefined),
    view: (at, hearing) =>
      orElse(
        async () => (await nats()).view(at, hearing),
        () => controller.view(at, hearing),
      ),
    async close() {
      const road = await opening?.catch(() => null);
      await road?.close();
    },
  };
}

/** Where the first is away, or has no right to it, the second; its own failure is told where both fail. */
async function orElse<T>(first: () => Promise<T>, second: () => Promise<T>): Promise<T> {
  try {
    return await first();
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    const isAway = errorCodes[error.code].retry === "backoff" || error.code === "role-forbidden";
    if (!isAway) throw error;
    return second().catch((other: unknown) => {
      if (other instanceof ChimeraError) throw error;
      throw other;
    });
  }
}
