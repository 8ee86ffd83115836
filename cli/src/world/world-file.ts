/** PURE. The file of `chimera world show --save`: a world with all that proves it, for whoever has only the fleet's id. */
import { FleetId } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { z } from "zod";

export const WorldFile = z.object({
  v: z.literal(1),
  kind: z.literal("chimera-world"),
  fleetId: FleetId,
  /** First to newest. */
  keySets: z.array(Envelope).min(1).max(1024),
  /** The newest head that orders this world; null where none of the history does. */
  head: Envelope.nullable(),
  /** Parsed once it is checked (check-world.ts): what is wrong with it is told by the node. */
  world: z.unknown(),
});
export type WorldFile = z.infer<typeof WorldFile>;
