/** SHELL. The contexts: which fleets this operator works on, with which files. $XDG_CONFIG_HOME/chimera/config.toml. */
import { join } from "node:path";
import { FleetId } from "@chimera/proto/names";
import { PublicKeyText } from "@chimera/proto/signed/keys";
import { stringify } from "smol-toml";
import { z } from "zod";
import { xdgFolder, type Io } from "../io.ts";
import { readToml } from "../read-toml.ts";
import { replaceFile } from "../replace-file.ts";

const file = z.string().min(1).max(4096);

/** Without a name and password in it: addresses are shown in messages, tables and JSON. */
export const ControllerUrl = z
  .url({ protocol: /^https?$/u, error: "an http:// or https:// address" })
  .max(512)
  .refine((url) => !/^https?:\/\/[^/?#]*@/iu.test(url), "no user or password in the address: use tokenFile");

/** As nodes have it in their configuration. */
export const NatsServer = z
  .url({ protocol: /^(nats|tls)$/u, error: "a nats:// or tls:// address" })
  .max(256)
  .refine((url) => !url.includes("@"), "no user or password in the address: use natsSeedFile");

export const Context = z.strictObject({
  controller: ControllerUrl,
  fleetId: FleetId,
  /** Bearer token of role operator; status works with viewer. */
  tokenFile: file.optional(),
  /** Where the cache takes another token than the API. */
  cacheTokenFile: file.optional(),
  publishKeyFile: file.optional(),
  panicKeyFile: file.optional(),
  orderKeyFile: file.optional(),
  /** Usually on a stick, and named by --root-key. */
  rootKeyFile: file.optional(),
  /** For a panic that no controller releases, and this operator's own seed there (`chimera keys nats`). */
  natsServers: z.array(NatsServer).min(1).max(16).optional(),
  natsSeedFile: file.optional(),
  /** Where nats-server knows its users by passes (`chimera nats pass`). */
  natsPassFile: file.optional(),
  /** Nix signing key for closures. */
  cacheKeyFile: file.optional(),
  /** Public halves of keys that ssh-agent holds, for whatever roles the key set gives them. */
  agentKeys: z.array(PublicKeyText).max(32).optional(),
});
export type Context = z.infer<typeof Context>;

export const ContextName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/u, "a context name has 1-63 of A-Z, a-z, 0-9, _ and -");

export const ContextFile = z.strictObject({
  current: ContextName.optional(),
  contexts: z.record(ContextName, Context).default({}),
});
export type ContextFile = z.infer<typeof ContextFile>;

export function contextFilePath(io: Io): string {
  return join(xdgFolder(io, "XDG_CONFIG_HOME", ".config"), "chimera", "config.toml");
}

export async function readContexts(io: Io): Promise<ContextFile> {
  return (await readToml(contextFilePath(io), ContextFile)) ?? { contexts: {} };
}

export async function writeContexts(io: Io, contexts: ContextFile): Promise<void> {
  await replaceFile(contextFilePath(io), stringify(contexts));
}
