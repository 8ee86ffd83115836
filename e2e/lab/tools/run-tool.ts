// SHELL. Runs one program of the host by argv; failure is an error that carries the end of its output.
import { execa } from "execa";
import { ChimeraError } from "@chimera/proto/errors";

export type RunToolOptions = {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
};

export async function runTool(argv: readonly string[], options: RunToolOptions = {}): Promise<string> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error("runTool: empty argv");
  const result = await execa(file, args, {
    reject: false,
    all: true,
    input: options.input ?? "",
    cwd: options.cwd ?? process.cwd(),
    // A translated message or a sorted list must not depend on who runs this.
    env: { LC_ALL: "C.UTF-8", ...options.env },
    timeout: options.timeoutMs ?? 600_000,
    maxBuffer: 16 * 1024 * 1024,
  });
  if (result.exitCode === 0) return result.stdout;
  if (result.code === "ENOENT") throw new ChimeraError("tool-missing", `${file} is not installed`);
  throw new ChimeraError(
    "tool-failed",
    `${argv.slice(0, 4).join(" ")}: ${howItEnded(result)}: ${lastLines(result.all)}`,
  );
}

type Ending = { readonly timedOut: boolean; readonly exitCode?: number; readonly signal?: string };

function howItEnded(result: Ending): string {
  return result.timedOut ? "timed out" : `exit ${result.exitCode ?? result.signal ?? "unknown"}`;
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-12).join("\n").slice(-2000);
}
