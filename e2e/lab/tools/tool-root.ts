// SHELL. The root filesystem's own programs (real Nix above all) run on this machine, with a /nix of the caller's.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { ChimeraError } from "@chimera/proto/errors";
import { cacheFolder } from "../prepare/cache-folder.ts";
import { rootfsPath } from "../prepare/rootfs.ts";

export type Bind = { readonly from: string; readonly to: string };

type ToolRunOptions = {
  /** Where the caller is, if not given. */
  readonly cwd?: string;
  readonly binds?: readonly Bind[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
};

type ToolResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type ToolRoot = {
  /** What is /nix inside; as `<seed>/nix` it is a seed layer for hosts. */
  readonly nixDir: string;
  argv(argv: readonly string[], options?: Pick<ToolRunOptions, "cwd" | "binds">): string[];
  run(argv: readonly string[], options?: ToolRunOptions): Promise<ToolResult>;
  /** Like `run`; an exit code other than 0 is an error. Answers what was printed. */
  runChecked(argv: readonly string[], options?: ToolRunOptions): Promise<string>;
};

const script = join(import.meta.dirname, "tool-root.sh");

/** A namespace of its own for pids: when we die, so does whatever the program started. */
const guard = "--pdeathsig KILL unshare --pid --fork --kill-child".split(" ");

/** The root filesystem must be there: `ensureRootfs` makes it. */
export function toolRoot(options: { readonly nixDir?: string } = {}): ToolRoot {
  const nixDir = options.nixDir ?? join(cacheFolder(), "tool-nix");
  const mountPoint = join(cacheFolder(), "tool-root");
  const home = join(cacheFolder(), "tool-home");
  for (const folder of [nixDir, mountPoint, home]) mkdirSync(folder, { recursive: true });

  function argv(program: readonly string[], opts: Pick<ToolRunOptions, "cwd" | "binds"> = {}): string[] {
    const binds = (opts.binds ?? []).flatMap(({ from, to }) => ["--bind", from, to]);
    const folders = [rootfsPath(), nixDir, mountPoint, home, opts.cwd ?? "."];
    return ["unshare", "--mount", "--propagation", "private", script, ...folders, ...binds, "--", ...program];
  }

  async function run(program: readonly string[], opts: ToolRunOptions = {}): Promise<ToolResult> {
    const result = await execa("setpriv", [...guard, ...argv(program, opts)], {
      reject: false,
      env: { LC_ALL: "C.UTF-8", ...opts.env },
      input: opts.input ?? "",
      timeout: opts.timeoutMs ?? 300_000,
      killSignal: "SIGKILL",
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: result.exitCode ?? 128, stdout: result.stdout, stderr: result.stderr };
  }

  async function runChecked(program: readonly string[], opts: ToolRunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await run(program, opts);
    if (code === 0) return stdout;
    throw new ChimeraError(
      "tool-failed",
      `${program.slice(0, 3).join(" ")}: exit ${code}: ${stderr.slice(-4000)}`,
    );
  }

  return { nixDir, argv, run, runChecked };
}
