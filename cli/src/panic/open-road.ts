/** SHELL. By which way a panic goes: the controller, or, where that does not answer soon enough, NATS itself. */
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import { currentContext } from "../context/current-context.ts";
import type { Io } from "../io.ts";
import { printable } from "../print/printable.ts";
import { openControllerRoad } from "./controller-road.ts";
import type { PanicRoad } from "./panic-road.ts";
import type { SshRoadOptions } from "./ssh-road.ts";

/** Nobody waits longer for a controller in an emergency, where there is another way. */
const controllerMs = 3_000;

export interface RoadOptions extends Omit<SshRoadOptions, "over"> {
  /** Undefined: the controller first. */
  over?: PanicRoad["over"] | undefined;
}

export async function openRoad(io: Io, options: RoadOptions): Promise<PanicRoad> {
  if (options.over === "ssh") return (await import("./ssh-road.ts")).openSshRoad(io, options);
  if (options.over === "nats") return overNats(io, options.context);
  if (options.over === "controller" || !(await knowsNats(io, options))) {
    return openControllerRoad(io, options.context);
  }
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), controllerMs);
  const hasty = { ...io, signal: AbortSignal.any([io.signal, patience.signal]) };
  const road = await openControllerRoad(hasty, options.context)
    .catch((error: unknown) => {
      io.signal.throwIfAborted();
      if (!patience.signal.aborted && !isAway(error)) throw error;
      const why = patience.signal.aborted ? `not within ${controllerMs / 1000} s` : errorChain(error);
      io.err(`chimera: the controller does not answer (${printable(why)}): straight to NATS\n`);
      return null;
    })
    .finally(() => clearTimeout(timer));
  return road ?? overNats(io, options.context);
}

/** NATS, for a controller that has gone in the middle; null where that is no way. */
export async function insteadOf(io: Io, road: PanicRoad, options: RoadOptions): Promise<PanicRoad | null> {
  const mayChange = road.over === "controller" && options.over === undefined;
  if (!mayChange || !(await knowsNats(io, options))) return null;
  io.err("chimera: the controller does not answer any more: straight to NATS\n");
  return overNats(io, options.context);
}

/** Nobody answered, which says nothing about what was asked. */
export function isAway(error: unknown): boolean {
  return error instanceof ChimeraError && errorCodes[error.code].retry === "backoff";
}

async function knowsNats(io: Io, { context }: RoadOptions): Promise<boolean> {
  const { natsServers, natsSeedFile } = await currentContext(io, context);
  return natsServers !== undefined && natsSeedFile !== undefined;
}

/** Loaded only here: the nats package costs a command more than its own start. */
async function overNats(io: Io, context: string | undefined): Promise<PanicRoad> {
  const { openNatsRoad } = await import("./nats-road.ts");
  return openNatsRoad(io, context);
}
