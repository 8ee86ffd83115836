/** PURE. How nodes are reached by ssh: `[ssh]` of chimera.toml, with what is typed on top of it. */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { z } from "zod";

const User = z.string().regex(/^[A-Za-z_][A-Za-z0-9._-]{0,31}$/u, "a user name");

/** `[user@]host`, where the host may be an alias of ~/.ssh/config: never what ssh or Nix would take for an option or an address of another form. */
export const SshTarget = z
  .string()
  .max(300)
  .regex(
    /^(?:[A-Za-z_][A-Za-z0-9._-]*@)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/u,
    "an ssh target is [user@]host; ports and more belong into ~/.ssh/config",
  )
  .brand<"SshTarget">();
export type SshTarget = z.infer<typeof SshTarget>;

/** Nix hands options to ssh split at spaces. */
const file = z
  .string()
  .max(4096)
  .regex(/^\/[^\s'"\\]*$/u, "an absolute path without spaces and quotes");

export const SshFile = z.strictObject({
  /** Who enters the nodes; it must be able to reach the agent's socket. */
  user: User.default("root"),
  /** Host keys that count, instead of ssh's own lists. */
  knownHosts: file.optional(),
  identityFile: file.optional(),
  connectTimeoutSeconds: z.int().min(1).max(120).default(10),
  /** Node -> target, where it is not <user>@<node>. */
  targets: z.record(NodeName, SshTarget).default({}),
});
export type SshFile = z.infer<typeof SshFile>;

export type SshSettings = Omit<SshFile, "targets" | "user"> & { targetOf: (node: NodeName) => SshTarget };

/** `typed`: `node=[user@]host`, each. Throws usage for one that is no such assignment. */
export function sshSettings(project: SshFile | undefined, typed: readonly string[]): SshSettings {
  const { targets, user, ...rest } = project ?? SshFile.parse({});
  const own = new Map(typed.map(parseAssignment));
  return {
    ...rest,
    targetOf: (node) => own.get(node) ?? targets[node] ?? SshTarget.parse(`${user}@${node}`),
  };
}

function parseAssignment(text: string): [NodeName, SshTarget] {
  const at = text.indexOf("=");
  const node = NodeName.safeParse(text.slice(0, Math.max(at, 0)));
  const target = SshTarget.safeParse(text.slice(at + 1));
  if (node.success && target.success) return [node.data, target.data];
  const issue = (node.success ? target.error : node.error)?.issues[0]?.message ?? "wrong";
  throw new ChimeraError("usage", `--ssh-target "${text}": node=[user@]host: ${issue}`);
}
