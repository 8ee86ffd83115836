/** SHELL. Strict schema of controller.json: a misspelt option stops the service by its name. */
import { readFileSync } from "node:fs";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { FleetId } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { openPinnedKeySet } from "@chimera/proto/signed/key-set";
import { z } from "zod";
import { describeIssues } from "./files/describe-issues.ts";

const path = z.string().startsWith("/", "must be an absolute path").max(1024);
const port = z.int().min(1).max(65_535);
const host = z.string().min(1).max(253);
/** Addresses are logged. */
const server = z
  .string()
  .max(256)
  .refine((url) => !url.includes("@"), "no user or password in the address: use seedFile");
const mib = 1 << 20;

export const Limits = z.strictObject({
  /** Bodies of /v1 but worlds and waves. */
  jsonBytes: z
    .int()
    .min(1024)
    .default(2 * mib),
  worldBytes: z
    .int()
    .min(1024)
    .default(64 * mib),
  closureBytes: z
    .int()
    .min(1024)
    .default(64 * mib),
  narinfoBytes: z
    .int()
    .min(256)
    .default(1 * mib),
  /** Of a NAR as it is stored, and as it unpacks. */
  narBytes: z
    .int()
    .min(1024)
    .default(32 * 1024 * mib),
  /** At once; as many again may wait, the rest is told to come back. */
  uploads: z.int().min(1).max(1024).default(32),
  downloads: z.int().min(1).max(10_000).default(512),
  /** Of one token in ten seconds; what the cache reads and a panic are not counted. */
  tokenRequests: z.int().min(10).default(20_000),
  /** Of one address in ten seconds, where no right token is shown. */
  strangerRequests: z.int().min(10).default(300),
  /** Of one address in a minute, before it is slowed down. */
  wrongTokens: z.int().min(1).default(30),
});
export type Limits = z.infer<typeof Limits>;

const Settings = z.strictObject({
  fleetId: FleetId,
  listen: z.strictObject({ host, port }).default({ host: "127.0.0.1", port: 7070 }),
  nats: z.strictObject({
    servers: z.array(server).min(1).max(16),
    seedFile: path,
    /** For a server that knows its users by passes: `chimera nats pass --role controller`. */
    passFile: path.optional(),
    /** Seed of the issuer of nodes (`chimera nats`), 0600: it makes passes of one node each. */
    nodeIssuerFile: path.optional(),
    /** How long one of those lasts; nodes ask for the next at its half. */
    nodePassSeconds: z.int().min(60).max(2_592_000).default(86_400),
  }),
  /** Only for `nats-config` and `dev`: how the server is to listen and keep its data. */
  natsServer: z
    .strictObject({
      host: host.default("0.0.0.0"),
      port: port.default(4222),
      storeDir: path.default("/var/lib/nats"),
      maxMemoryBytes: z
        .int()
        .min(16 * mib)
        .default(512 * mib),
      maxFileBytes: z
        .int()
        .min(64 * mib)
        .default(8 * 1024 * mib),
    })
    .prefault({}),
  cacheDir: path,
  tokensFile: path,
  nodesFile: path,
  /** A key set of the fleet, any: the walk to the newest begins here, or at a higher one in cacheDir/keys. */
  trustedKeys: Envelope,
  /** Key of role `fresh`, in Nix's form, 0600: the only key that a controller has, and it can only raise an alarm. */
  freshKeyFile: path.optional(),
  limits: Limits.prefault({}),
  logLevel: z.enum(["error", "warn", "info", "debug"]).default("info"),
});

export const ControllerConfig = Settings.superRefine(({ trustedKeys, fleetId }, context) => {
  const message = pinProblem(trustedKeys, fleetId);
  if (message !== null) context.addIssue({ code: "custom", path: ["trustedKeys"], message });
});
export type ControllerConfig = z.infer<typeof ControllerConfig>;

function pinProblem(trustedKeys: Envelope, fleetId: FleetId): string | null {
  try {
    openPinnedKeySet(trustedKeys, fleetId);
    return null;
  } catch (error) {
    if (error instanceof ChimeraError) return errorChain(error);
    throw error;
  }
}

/** Throws file-unreadable or config-invalid, both naming the file. */
export function readConfig(file: string): ControllerConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `configuration ${file}`, { cause });
  }
  return parseConfig(text, file);
}

export function parseConfig(text: string, file: string): ControllerConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ChimeraError("config-invalid", `configuration ${file} is not JSON`, { cause });
  }
  const result = ControllerConfig.safeParse(json);
  if (result.success) return result.data;
  throw new ChimeraError("config-invalid", `configuration ${file}: ${describeIssues(result.error)}`);
}
