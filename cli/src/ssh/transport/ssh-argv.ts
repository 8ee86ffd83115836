/** PURE. The words with which `ssh` is started, here and by Nix: host keys are always checked, nobody is asked anything. */
import type { SshSettings, SshTarget } from "./ssh-settings.ts";

/** Of the remote agent: the profile of a login shell may be anybody's. */
export const remoteAgent = "/run/current-system/sw/bin/chimera-agent";

/** How long a connection that nobody uses stays, for the next command of this deployment. */
const persistSeconds = 60;

/** `folder`: of this command alone, 0700. */
export function sshOptions(
  { knownHosts, identityFile, connectTimeoutSeconds }: Omit<SshSettings, "targetOf">,
  folder: string,
): string[] {
  const options = {
    StrictHostKeyChecking: "yes",
    UpdateHostKeys: "no",
    BatchMode: "yes",
    ControlMaster: "auto",
    ControlPath: `${folder}/%C`,
    ControlPersist: `${persistSeconds}`,
    ConnectTimeout: `${connectTimeoutSeconds}`,
    ServerAliveInterval: "5",
    ServerAliveCountMax: "3",
    ForwardAgent: "no",
    ForwardX11: "no",
    // A banner is no failure; what stops ssh is still said.
    LogLevel: "ERROR",
    ...(knownHosts === undefined
      ? {}
      : {
          UserKnownHostsFile: knownHosts,
          GlobalKnownHostsFile: "/dev/null",
          KnownHostsCommand: "none",
        }),
    ...(identityFile === undefined ? {} : { IdentityFile: identityFile, IdentitiesOnly: "yes" }),
  };
  return Object.entries(options).map(([name, value]) => `-o${name}=${value}`);
}

/** `--` ends ssh's own options; what follows the target is one command line, which the other side's shell reads. */
export function sshArgv(options: readonly string[], target: SshTarget, words: readonly string[]): string[] {
  return [...options, "-T", "--", target, words.map(quoteWord).join(" ")];
}

/** One word for any shell that knows single quotes. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
