// SHELL. Runs a program inside a host: its namespaces are entered from outside, no daemon in it takes part.
import { execa } from "execa";
import { ChimeraError } from "@chimera/proto/errors";

export type HostRunOptions = {
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
};

export type HostRunResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

const path =
  "/run/wrappers/bin:/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const maxOutputBytes = 64 * 1024 * 1024;

export function enterArgv(leader: number, argv: readonly string[]): string[] {
  return ["nsenter", "--target", `${leader}`, "--all", "--", ...argv];
}

export function hostEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: path, HOME: "/root", USER: "root", LANG: "C.UTF-8", ...extra };
}

export async function runInHost(
  leader: number,
  argv: readonly string[],
  options: HostRunOptions = {},
): Promise<HostRunResult> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  // Ended inside, with its whole process group: killing nsenter out here would leave the program running.
  const guarded = ["timeout", "--signal=KILL", `${timeoutMs / 1000}`, ...argv];
  const begun = performance.now();
  const [file = "", ...args] = enterArgv(leader, guarded);
  const result = await execa(file, args, {
    reject: false,
    extendEnv: false,
    env: hostEnv(options.env),
    cwd: "/",
    input: options.input ?? "",
    timeout: timeoutMs + 5000,
    killSignal: "SIGKILL",
    maxBuffer: maxOutputBytes,
    stripFinalNewline: false,
  });
  if (result.isMaxBuffer)
    throw new ChimeraError("tool-failed", `${argv[0]}: printed more than ${maxOutputBytes} bytes`);
  const code = result.exitCode ?? 137;
  if (result.timedOut || (code === 137 && performance.now() - begun >= timeoutMs)) {
    const command = argv.join(" ").slice(0, 200);
    throw new ChimeraError("deadline-exceeded", `${command}: not within ${timeoutMs / 1000} s`);
  }
  return { code, stdout: result.stdout, stderr: result.stderr };
}
