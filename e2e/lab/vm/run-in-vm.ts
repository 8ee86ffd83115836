// SHELL. Runs a program inside a VM through the lab's door, with the manners of `runInHost`.
import { execa } from "execa";
import { ChimeraError } from "@chimera/proto/errors";
import { hostEnv, type HostRunOptions, type HostRunResult } from "../host/host-run.ts";
import { waitUntil } from "../wait-until.ts";
import { doorClosed, doorSession } from "./door.ts";

export type InVm = {
  readonly name: string;
  /** `undefined` while it is on; else why nobody can enter. */
  isShut(): Promise<ChimeraError | undefined>;
};

const maxOutputBytes = 64 * 1024 * 1024;
/** The last line on stderr: ssh's own exit code does not tell a program's 255 from a lost connection. */
const endMark = "lab-program-ended";

/** A VM that is booting is waited for, as long as the program itself may take. */
export async function runInVm(
  vm: InVm,
  argv: readonly string[],
  options: HostRunOptions = {},
): Promise<HostRunResult> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const attempt = async (): Promise<Attempt | undefined> => {
    const shut = await vm.isShut();
    if (shut !== undefined) throw shut;
    const one = await enter(vm.name, argv, { ...options, timeoutMs });
    return one.isRefused ? undefined : one;
  };
  const { result, tookMs } = await waitUntil(`${vm.name} entered`, attempt, { timeoutMs, everyMs: 100 });
  if (result.code === 137 && tookMs >= timeoutMs) {
    const command = argv.join(" ").slice(0, 200);
    throw new ChimeraError("deadline-exceeded", `${command}: not within ${timeoutMs / 1000} s`);
  }
  return result;
}

type Attempt = { readonly isRefused: boolean; readonly result: HostRunResult; readonly tookMs: number };

async function enter(
  name: string,
  argv: readonly string[],
  options: HostRunOptions & { readonly timeoutMs: number },
): Promise<Attempt> {
  const begun = performance.now();
  const ended = await execa("ssh", [...doorSession(name), remoteCommand(argv, options)], {
    reject: false,
    cwd: "/",
    input: options.input ?? "",
    timeout: options.timeoutMs + 30_000,
    killSignal: "SIGKILL",
    maxBuffer: maxOutputBytes,
    stripFinalNewline: false,
  });
  if (ended.isMaxBuffer)
    throw new ChimeraError("tool-failed", `${argv[0]}: printed more than ${maxOutputBytes} bytes`);
  const { code, stderr } = readEnd(ended.stderr);
  return {
    isRefused: code === undefined && stderr.includes(doorClosed),
    // Without a mark the VM ended before the program could: as if killed.
    result: { code: code ?? 137, stdout: ended.stdout, stderr },
    tookMs: performance.now() - begun,
  };
}

/** Ended inside, with its whole process group. */
export function remoteCommand(
  argv: readonly string[],
  { env, timeoutMs }: { readonly env?: Readonly<Record<string, string>>; readonly timeoutMs: number },
): string {
  const variables = Object.entries(hostEnv(env)).map(([name, value]) => `${name}=${value}`);
  const guarded = ["timeout", "--signal=KILL", `${timeoutMs / 1000}`, ...argv];
  const program = ["env", "--ignore-environment", "--chdir=/", ...variables, ...guarded].map(quote).join(" ");
  return `${program}; printf '\\n${endMark} %s\\n' "$?" >&2`;
}

export function readEnd(stderr: string): { readonly code: number | undefined; readonly stderr: string } {
  const at = stderr.lastIndexOf(`\n${endMark} `);
  if (at === -1) return { code: undefined, stderr };
  const [line = "", ...after] = stderr.slice(at + 1).split("\n");
  return { code: Number(line.split(" ")[1]), stderr: stderr.slice(0, at) + after.join("\n") };
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
