/** SHELL. The way to the fleet's sessions for as long as a command needs it. */
import { currentContext } from "../context/current-context.ts";
import type { Io } from "../io.ts";
import type { SessionRoad } from "./roads/session-road.ts";

export async function withRoad<T>(
  io: Io,
  context: string | undefined,
  work: (road: SessionRoad) => Promise<T>,
): Promise<T> {
  // What runs on this machine needs none of it.
  const { openRoad } = await import("./roads/open-road.ts");
  const road = await openRoad(io, await currentContext(io, context));
  try {
    return await work(road);
  } finally {
    await road.close();
  }
}
