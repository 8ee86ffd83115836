/** What the NixOS module writes to agent.json. Strict, so that a misspelt option stops the agent at once, by name. */
import { ChimeraError } from "@chimera/proto/errors";
import { AfterCommit, HealthCheck, maxChecks, maxUnitRules, UnitRule } from "@chimera/proto/health-check";
import { Envelope } from "@chimera/proto/signed/envelope";
import { PublicKeyText } from "@chimera/proto/signed/keys";
import { DriftGlob, DriftMode, DriftRule } from "@chimera/proto/drift-policy";
import { FleetId, IsoTime, NodeName } from "@chimera/proto/names";
import { PanicReboot, RebootPolicy, RebootWindow } from "@chimera/proto/signed/head";
import { usualProbationSeconds } from "@chimera/proto/rollout/patience";
import { z } from "zod";

const absolutePath = z.string().max(4096).startsWith("/", "must be an absolute path");

/** Run as root, without a shell. */
const Program = z.strictObject({
  argv: z.array(z.string().max(4096)).min(1).max(64),
  timeoutSeconds: z.int().min(1).max(3600).default(300),
});

/** Addresses are logged and shown. */
function withoutPassword(instead: string): [(url: string) => boolean, string] {
  return [(url) => !/^\w+:\/\/[^/?#]*@/.test(url), `no user or password in the address: use ${instead}`];
}

const driftClass = DriftMode.optional();
const driftClasses = {
  /** The running system, profile, boot default, garbage collector roots. */
  pointers: driftClass,
  units: driftClass,
  wrappers: driftClass,
  kernel: driftClass,
  accounts: driftClass,
  /** What is mounted over /etc or below it, and the closure does not declare. */
  mounts: driftClass,
};

export const AgentConfig = z.strictObject({
  node: NodeName,
  fleetId: FleetId,
  nats: z.strictObject({
    servers: z
      .array(
        z
          .url({ protocol: /^(nats|tls)$/ })
          .max(512)
          .refine(...withoutPassword("seedFile")),
      )
      .min(1)
      .max(16),
    seedFile: absolutePath,
    /** For a server that knows its users by passes; renewed in place. */
    passFile: absolutePath.optional(),
  }),
  controller: z.strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(512)
      .refine(...withoutPassword("tokenFile")),
    tokenFile: absolutePath,
  }),
  nodeKeyFile: absolutePath,
  /** A key set of the fleet. Its place in the signed closure vouches for it; it counts only while the node has no state. */
  trustedKeys: Envelope,
  /** After this long without a word of the controller's online key no new head is taken. */
  freshSeconds: z.int().min(60).max(604_800).default(3600),
  nix: z.strictObject({ trustedPublicKeys: z.array(PublicKeyText).min(1).max(32) }),
  stateDir: absolutePath.default("/var/lib/chimera"),
  runtimeDir: absolutePath.default("/run/chimera"),
  drift: z
    .strictObject({
      mode: DriftMode.default("revert"),
      sweepSeconds: z.int().min(1).max(3600).default(60),
      /** Never compared. */
      ignore: z
        .array(
          z.strictObject({
            glob: DriftGlob,
            reason: z.string().min(1).max(512),
            until: IsoTime.optional(),
          }),
        )
        .max(256)
        .default([]),
      /** By path class, the first that names a path; what a head says comes before. */
      rules: z.array(DriftRule).max(256).default([]),
      /** Only then anything is put back. */
      window: RebootWindow.optional(),
      /** Their content may be shown to whoever signs orders, whatever the mode of the file. */
      showable: z.array(DriftGlob).max(64).default([]),
      /** What is done about a system that somebody, or the loader by itself, booted in the place of the default. */
      bootedOther: z.enum(["report", "revert"]).default("report"),
      /** A class that is not named here is only reported, but for `pointers` and `wrappers`, which follow `mode`. */
      classes: z.strictObject(driftClasses).prefault({}),
      /** The paths of the accepted system's closure, by the signed closure list. */
      store: z
        .strictObject({
          /** A look changes nothing; who wants it repaired says so. */
          mode: DriftMode.default("report"),
          /** Whether every byte is read in rounds; else only what names, sizes and times make suspect. */
          scrub: z.boolean().default(true),
          /** A full round takes no longer. */
          roundHours: z.int().min(1).max(720).default(24),
          /** Between two walks over all names. */
          walkSeconds: z.int().min(1).max(86_400).default(600),
        })
        .prefault({}),
    })
    .prefault({}),
  probationSeconds: z.int().min(0).max(3600).default(usualProbationSeconds),
  activationSeconds: z.int().min(10).max(7200).default(600),
  checks: z.array(HealthCheck).max(maxChecks).default([]),
  units: z.array(UnitRule).max(maxUnitRules).default([]),
  afterCommit: AfterCommit.default("alarm"),
  reboot: z
    .strictObject({
      policy: RebootPolicy.default("never"),
      window: RebootWindow.optional(),
      acceptUnprotected: z.boolean().default(false),
      panicReboot: PanicReboot.default("never"),
      /** Empties the node before a restart; no restart when it fails. */
      drain: Program.optional(),
      /** Brings its work back, when it rests on the new system or the one before; run again where it fails. */
      undrain: Program.optional(),
    })
    .prefault({}),
  /** Whether rollouts may be led from this node; the hub must let it (`chimera-controller node add --lead`). */
  lead: z.strictObject({ eligible: z.boolean().default(false) }).prefault({}),
  /** Space that pre-flight leaves free. */
  reserve: z
    .strictObject({
      storeMb: z.int().min(0).max(1_048_576).default(512),
      bootMb: z.int().min(0).max(4096).default(32),
    })
    .prefault({}),
  /** Whether signed orders may run commands here, and type into sessions. */
  allowExec: z.boolean().default(false),
  /** As whom such commands run. */
  execUser: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, "a user is named by 1-32 of a-z, 0-9, _ and -")
    .default("root"),
  logLevel: z.enum(["error", "warn", "info", "debug"]).default("info"),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

/** `file` only names the text in the message. Throws config-invalid with the path of each wrong field. */
export function parseConfig(text: string, file: string): AgentConfig {
  return parseAs(AgentConfig, text, file);
}

/** The same for another schema. */
export function parseAs<T>(schema: z.ZodType<T>, text: string, file: string): T {
  const result = schema.safeParse(parseJson(text, file));
  if (result.success) return result.data;
  throw new ChimeraError("config-invalid", `${file}:\n${z.prettifyError(result.error)}`);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ChimeraError("config-invalid", `${file} is not JSON`, { cause });
  }
}
