/** SHELL. By which way a panic goes: the controller, or, where that does not answer soon enough, NATS itself. */
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import type { Leaf } from "@chimera/proto/signed/world";
import { currentContext } from "../../context/current-context.ts";
import type { Io } from "../../io.ts";
import { printable } from "../../print/printable.ts";
import { openControllerRoad } from "./controller-road.ts";
import type { NatsRoadOptions } from "./nats-road.ts";
import type { PanicRoad } from "./panic-road.ts";
import { createPatience } from "../patience.ts";
import type { SshRoadOptions } from "./ssh-road.ts";

/** Nobody waits longer for a controller in an emergency, where there is another way. */
const controllerMs = 3_000;

export interface RoadOptions extends Omit<SshRoadOptions, "over"> {
  /** Undefined: the controller first. */
  over?: PanicRoad["over"] | undefined;
}

export async function openRoad(io: Io, options: RoadOptions): Promise<PanicRoad> {
  if (options.over === "ssh") return (await import("./ssh-road.ts")).openSshRoad(io, options);
  const { context } = options;
  if (options.over === "nats") return overNats(io, { context });
  if (options.over === "controller" || !(await knowsNats(io, options))) {
    return openControllerRoad(io, context);
  }
  try {
    return await hastyRoad(io, context);
  } catch (error) {
    if (!isAway(error)) throw error;
    io.err(`chimera: the controller does not answer (${printable(errorChain(error))}): straight to NATS\n`);
    return overNats(io, { context });
  }
}

/** It may begin to hang at any time. */
async function hastyRoad(io: Io, context: string | undefined): Promise<PanicRoad> {
  const patience = createPatience(io, controllerMs);
  const road = await patience.within(() => openControllerRoad(patience.io, context));
  return {
    ...road,
    ready: () => patience.within(road.ready),
    release: (envelope) => patience.within(() => road.release(envelope)),
    words: (open) => patience.within(() => road.words(open)),
  };
}

/**
 * NATS, for a controller that has gone in the middle, and for the head that was to be undone there; null where that is no way.
 * `leaves` are those of that head, where they are known.
 */
export async function insteadOf(
  io: Io,
  { road, leaves }: { road: PanicRoad; leaves: readonly Leaf[] | null },
  options: RoadOptions,
): Promise<PanicRoad | null> {
  const mayChange = road.over === "controller" && options.over === undefined;
  if (!mayChange || !(await knowsNats(io, options))) return null;
  const { head } = road;
  return overNats(io, { context: options.context, begun: { head, leaves } });
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
async function overNats(io: Io, options: NatsRoadOptions): Promise<PanicRoad> {
  const { openNatsRoad } = await import("./nats-road.ts");
  return openNatsRoad(io, options);
}
