/** PURE. Key set 1 of a fleet: which keys may sign what. Its payload's SHA-256 is the fleet's id. */
import { z } from "zod";
import { RoleKeys } from "./envelope.ts";
import { Count, IsoTime } from "../names.ts";

/** The roles of architecture.md §4. */
export const keyRoles = ["root", "publish", "panic", "order", "certify"] as const;
export type KeyRole = (typeof keyRoles)[number];

export const KeySet = z.object({
  v: z.literal(1),
  kind: z.literal("keys"),
  /** Absent in version 1, which cannot contain its own hash. */
  fleetId: z.string().max(64).optional(),
  epoch: Count,
  version: z.int().positive(),
  expires: IsoTime,
  roles: z.object({
    root: RoleKeys,
    publish: RoleKeys,
    panic: RoleKeys,
    order: RoleKeys,
    certify: RoleKeys.optional(),
  }),
});
export type KeySet = z.infer<typeof KeySet>;
