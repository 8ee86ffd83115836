/** SHELL. The keys at hand that may sign for a role: the context's file for it, files named on the command line, ssh-agent. */
import { ChimeraError } from "@chimera/proto/errors";
import type { RoleKeys } from "@chimera/proto/signed/envelope";
import type { KeyRole } from "@chimera/proto/signed/key-set";
import { publicKeyBytes, publicKeyName, type PublicKeyText } from "@chimera/proto/signed/keys";
import type { NamedContext } from "../context/current-context.ts";
import type { Io } from "../io.ts";
import { readSigner } from "../secret-file.ts";
import type { RemoteSigner } from "./remote-signer.ts";

type SigningRole = Extract<KeyRole, "root" | "publish" | "panic" | "order">;

export interface WantedSigners {
  role: SigningRole;
  /** Who may sign, by the fleet's newest key set. */
  keys: RoleKeys;
  /** Key files besides the context's own one. */
  files?: readonly string[];
}

const fileKeys = {
  root: "rootKeyFile",
  publish: "publishKeyFile",
  panic: "panicKeyFile",
  order: "orderKeyFile",
} as const satisfies Record<SigningRole, keyof NamedContext>;

/**
 * Every key at hand that the role names. Throws config-invalid when the context knows of none, file-unreadable or
 * signature-invalid when what was named is not there or not of this role.
 */
export async function roleSigners(
  io: Io,
  context: NamedContext,
  wanted: WantedSigners,
): Promise<RemoteSigner[]> {
  const own = context[fileKeys[wanted.role]];
  const named = await fileSigners(wanted.files ?? [], wanted);
  const inAgent = await agentSigners(io, context.agentKeys ?? [], wanted.keys);
  const others = [...named, ...inAgent];
  const configured = own === undefined ? [] : await configuredSigner(own, wanted, others);
  const signers = uniqueKeys([...configured, ...others]);
  if (signers.length > 0) return signers;
  throw new ChimeraError(
    "config-invalid",
    `context "${context.name}" has no key for the role ${wanted.role}: set ${fileKeys[wanted.role]} or agentKeys`,
  );
}

type Wanted = Pick<WantedSigners, "role" | "keys">;

/** Files that were named for this: each must be there and of the role. */
export async function fileSigners(files: readonly string[], wanted: Wanted): Promise<RemoteSigner[]> {
  return Promise.all(
    files.map(async (path) => {
      const signer = await fileSigner(path, wanted);
      if (signer !== undefined) return signer;
      throw await foreignKey(path, wanted);
    }),
  );
}

/** The context's own file may hold a key that was retired since, where others are at hand. */
async function configuredSigner(
  path: string,
  wanted: Wanted,
  others: readonly RemoteSigner[],
): Promise<RemoteSigner[]> {
  const signer = await fileSigner(path, wanted);
  if (signer !== undefined) return [signer];
  if (others.length > 0) return [];
  throw await foreignKey(path, wanted);
}

/** Undefined for a key that the role does not name. */
async function fileSigner(path: string, { role, keys }: Wanted): Promise<RemoteSigner | undefined> {
  const signer = await readSigner(path, `${role} key file`);
  const named = nameInRole(signer.publicKey, keys);
  return named === undefined ? undefined : { ...named, sign: async (bytes) => signer.sign(bytes) };
}

async function foreignKey(path: string, { role, keys }: Wanted): Promise<ChimeraError> {
  const { name } = await readSigner(path, `${role} key file`);
  const others = keys.keys.map((key) => publicKeyName(key)).join(", ");
  return new ChimeraError(
    "signature-invalid",
    `${role} key file ${path} holds "${name}", but the fleet's key set gives the role ${role} to ${others}`,
  );
}

/** The agent is asked only when it holds a key that counts here. */
async function agentSigners(
  io: Io,
  agentKeys: readonly PublicKeyText[],
  role: RoleKeys,
): Promise<RemoteSigner[]> {
  const wanted = agentKeys.flatMap((key) => nameInRole(key, role)?.publicKey ?? []);
  if (wanted.length === 0) return [];
  return (await import("./agent-signers.ts")).agentSigners(io, wanted);
}

/** A signature names its key as the key set does, whatever the key's file calls it. */
function nameInRole(
  publicKey: PublicKeyText,
  { keys }: RoleKeys,
): { name: string; publicKey: PublicKeyText } | undefined {
  const bytes = publicKeyBytes(publicKey);
  const found = keys.find((key) => publicKeyBytes(key).equals(bytes));
  return found === undefined ? undefined : { name: publicKeyName(found), publicKey: found };
}

function uniqueKeys(signers: readonly RemoteSigner[]): RemoteSigner[] {
  return [...new Map(signers.map((signer) => [signer.publicKey, signer])).values()];
}
