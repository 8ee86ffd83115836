/** SHELL. Which builds of modules a closure has: its files are unpacked once, by a process with the least of rights to a core. */
import { execa } from "execa";
import { createBuildIdScan } from "../../reconcile/machine-drift/build-ids.ts";
import { toolEnvironment } from "../run.ts";

export interface ModuleBuilds {
  /** Reads those of the files that were not read yet. What went wrong, in words; null where nothing did. */
  read(files: readonly string[]): Promise<string | null>;
  has(buildId: string): boolean;
}

const unpackMs = 120_000;
/** Of one read, unpacked: all modules of a distribution's kernel are not half of it. */
const mostBytes = 2 ** 30;

/** How kernels are told to pack their modules. */
const unpackers: readonly (readonly [end: string, argv: readonly string[]])[] = [
  [".xz", ["xz", "--decompress", "--stdout", "--threads=1", "--"]],
  [".zst", ["zstd", "--decompress", "--stdout", "--quiet", "--"]],
  [".gz", ["gzip", "--decompress", "--stdout", "--"]],
  [".ko", ["cat", "--"]],
];

export function createModuleBuilds(): ModuleBuilds {
  const known = new Set<string>();
  const done = new Set<string>();
  return {
    has: (buildId) => known.has(buildId),
    async read(files) {
      const unread = files.filter((file) => !done.has(file));
      for (const [end, argv] of unpackers) {
        const packed = unread.filter((file) => file.endsWith(end));
        const problem = packed.length === 0 ? null : await unpack([...argv, ...packed], known);
        // What could not be read is tried again when somebody asks again.
        if (problem !== null) return problem;
        for (const file of packed) done.add(file);
      }
      return null;
    },
  };
}

async function unpack(argv: readonly string[], known: Set<string>): Promise<string | null> {
  const child = execa("nice", ["-n", "19", ...argv], {
    reject: false,
    buffer: { stdout: false, stderr: true },
    maxBuffer: 4096,
    encoding: "buffer",
    stdin: "ignore",
    timeout: unpackMs,
    extendEnv: false,
    env: toolEnvironment(),
    cwd: "/",
  });
  const ids = createBuildIdScan((id) => known.add(id));
  let bytes = 0;
  for await (const piece of child.iterable({ from: "stdout", binary: true, preserveNewlines: true })) {
    bytes += piece.length;
    if (bytes > mostBytes) break;
    ids.push(Buffer.from(piece));
  }
  const { exitCode, stderr } = await child;
  if (bytes > mostBytes) return `its modules are more than ${mostBytes} bytes`;
  const said = Buffer.from(stderr).toString("utf8").trim().slice(-200);
  return exitCode === 0 ? null : `${argv[0] ?? ""} could not unpack its modules: ${said || "no answer"}`;
}
