/** PURE. Health checks as data: what a node must show before it commits a system, and go on showing afterwards. */
import { z } from "zod";
import { Count, IsoTime, Word } from "./names.ts";

/** A check's name: the verdict names the check that decided. */
const CheckName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "a check's name has 1-63 of a-z, 0-9 and -");

const seconds = (least: number, most: number) => z.int().min(least).max(most);

const common = {
  name: CheckName,
  /** Between two runs. */
  everySeconds: seconds(1, 3600).default(5),
  /** A run that takes longer has failed. */
  timeoutSeconds: seconds(1, 300).default(10),
  /** After the activation: failures in it say nothing. */
  graceSeconds: seconds(0, 3600).default(0),
  /** So many passes in a row make it healthy. */
  passes: z.int().min(1).max(100).default(2),
  /** So many failures in a row after the commit make the node unhealthy. */
  failures: z.int().min(1).max(100).default(3),
  /** Where it runs; the lead node's checks are the lead's. */
  from: z.enum(["node", "lead"]).default("node"),
};

/** Named as systemd names it, with its suffix. */
export const UnitName = z.string().regex(/^[A-Za-z0-9:_.@\\-]{1,250}\.[a-z]{1,16}$/, "not a unit's name");

export const HealthCheck = z.discriminatedUnion("kind", [
  /** The unit is active. */
  z.strictObject({ kind: z.literal("unit"), ...common, unit: UnitName }),
  /** The program ends with 0. No shell: argv, by absolute path. */
  z.strictObject({
    kind: z.literal("command"),
    ...common,
    argv: z
      .array(z.string().max(4096))
      .min(1)
      .max(64)
      .refine(([file]) => file?.startsWith("/") === true, {
        message: "the program must be an absolute path",
      }),
  }),
  z.strictObject({
    kind: z.literal("http"),
    ...common,
    url: z.url({ protocol: /^https?$/ }).max(2048),
    /** Answers that are healthy. */
    statuses: z.array(z.int().min(100).max(599)).min(1).max(32).default([200]),
    /** What the first 64 KiB of the body must contain. */
    contains: z.string().max(1024).optional(),
  }),
  z.strictObject({
    kind: z.literal("tcp"),
    ...common,
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535),
  }),
  /** A fresh round trip to any NATS server or to the controller. Without a criterion where there was none before. */
  z.strictObject({ kind: z.literal("contact"), ...common }),
  /** At least so many GPUs with a driver that answers; a server's own display chip counts unless `driver` is named. */
  z.strictObject({
    kind: z.literal("gpu"),
    ...common,
    count: z.int().min(1).max(64).default(1),
    driver: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, "not a driver's name")
      .optional(),
  }),
  /** Nix's daemon answers, the database opens, the store takes a path, the roots resolve, the boot default exists. */
  z.strictObject({ kind: z.literal("nix"), ...common }),
]);
export type HealthCheck = z.infer<typeof HealthCheck>;
export type HealthCheckKind = HealthCheck["kind"];

/** What is known of one failed unit: not counted, or only after it had the time to come up. */
export const UnitRule = z.strictObject({
  unit: UnitName,
  ignore: z.boolean().default(false),
  /** A failure younger than this after the activation does not count. */
  settleSeconds: seconds(0, 3600).default(2),
  reason: z.string().min(1).max(512),
});
export type UnitRule = z.infer<typeof UnitRule>;

/** What a node does when it turns unhealthy after the commit. */
export const AfterCommit = z.enum(["alarm", "revert-node", "hold-fleet"]);
export type AfterCommit = z.infer<typeof AfterCommit>;

/** How one check is doing since the activation. A newer agent may know other kinds. */
export const CheckResult = z.object({
  name: CheckName,
  kind: Word,
  /** Passes in a row, up to now; 0 after a failure. */
  passesInRow: Count,
  /** Failures in a row that count, up to now; 0 after a pass. */
  failuresInRow: Count,
  /** Runs that ended. */
  runs: Count,
  /** What the newest run said; null before the first. */
  message: z.string().max(512).nullable(),
  at: IsoTime.nullable(),
});
export type CheckResult = z.infer<typeof CheckResult>;

export const maxChecks = 64;
export const maxUnitRules = 256;
