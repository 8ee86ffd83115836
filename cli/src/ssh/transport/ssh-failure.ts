/** PURE. What ssh's own words mean, and what to do about them. */
import { ChimeraError, type ErrorCode } from "@chimera/proto/errors";
import { printableLine } from "../../print/printable.ts";

interface Known {
  pattern: RegExp;
  code: ErrorCode;
  way: (target: string, knownHosts: string | undefined) => string;
}

/** Where chimera.toml names none. */
const usualFile = "~/.ssh/known_hosts";

const hostOf = (target: string): string => target.slice(target.indexOf("@") + 1);

const known: readonly Known[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed/iu,
    code: "signature-invalid",
    way: (target, knownHosts) =>
      `its host key has CHANGED: somebody may stand between, or the machine was made anew. Compare the new key with the machine's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on its console); only then: ssh-keygen ${knownHosts === undefined ? "" : `-f ${knownHosts} `}-R ${hostOf(target)}, and put the right key into ${knownHosts ?? usualFile}`,
  },
  {
    pattern: /No .* host key is known|Host key verification failed/iu,
    code: "signature-invalid",
    way: (target, knownHosts) =>
      `its host key is not known here, in ${knownHosts ?? usualFile}: get its key (ssh-keyscan, with the host name and port that \`ssh -G ${target}\` shows), compare it with the machine's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on its console), and only then add its line to ${knownHosts ?? usualFile}`,
  },
  {
    pattern: /Permission denied|Too many authentication failures|no mutual signature/iu,
    code: "role-forbidden",
    way: (target) =>
      `it lets nobody in with the keys at hand: ssh ${target} true must work without a question`,
  },
  {
    pattern: /Could not resolve|Name or service not known|Temporary failure in name resolution/iu,
    code: "server-unreachable",
    way: () => "there is no such host: name its target with --ssh-target or [ssh.targets] in chimera.toml",
  },
];

/** Of an ssh that ended by itself with 255. `knownHosts`: the file that counts instead of ssh's own. */
export function sshFailure(target: string, stderr: string, knownHosts?: string): ChimeraError {
  const cause = new Error(lastWords(stderr));
  const found = known.find(({ pattern }) => pattern.test(stderr));
  if (found !== undefined)
    return new ChimeraError(found.code, `ssh ${target}: ${found.way(target, knownHosts)}`, { cause });
  return new ChimeraError("server-unreachable", `ssh ${target} could not connect, or was cut off`, { cause });
}

/** Somebody else's text: one printable line, its end. */
export function lastWords(text: string): string {
  const lines = text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
  return printableLine(lines.slice(-3).join("; ")).slice(-500) || "it gave no reason";
}
