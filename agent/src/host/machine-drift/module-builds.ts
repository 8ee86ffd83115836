/** SHELL. Which build of a module each file of a closure is: it is unpacked once, by a process with the least of rights to a core. */
import { execa } from "execa";
import { createBuildIdScan } from "../../reconcile/machine-drift/build-ids.ts";
import { toolEnvironment } from "../run.ts";

export interface ModuleFile {
  buildIds: ReadonlySet<string>;
  isInTree: boolean;
}

export interface ModuleBuilds {
  /** Reads those of the files that were not read yet. What went wrong, in words; null where nothing did. */
  read(files: readonly string[]): Promise<string | null>;
  /** Undefined for one that was not read. */
  of(file: string): ModuleFile | undefined;
}

const unpackMs = 120_000;
/** Of one file, unpacked: all modules of a distribution's kernel together are not twice of it. */
const mostBytes = 2 ** 28;
/** Where the program is missing none can be read. */
const mostProblems = 3;

/** How kernels are told to pack their modules. */
const unpackers: readonly (readonly [end: string, argv: readonly string[]])[] = [
  [".xz", ["xz", "--decompress", "--stdout", "--threads=1", "--"]],
  [".zst", ["zstd", "--decompress", "--stdout", "--quiet", "--"]],
  [".gz", ["gzip", "--decompress", "--stdout", "--"]],
  [".ko", ["cat", "--"]],
];

export function createModuleBuilds(): ModuleBuilds {
  const known = new Map<string, ModuleFile>();
  return {
    of: (file) => known.get(file),
    async read(files) {
      const problems: string[] = [];
      for (const file of files.filter((one) => !known.has(one))) {
        const read = await readModule(file);
        // What could not be read is tried again when somebody asks again.
        if (typeof read === "string") problems.push(read);
        else known.set(file, read);
        if (problems.length === mostProblems) break;
      }
      return problems[0] ?? null;
    },
  };
}

async function readModule(file: string): Promise<ModuleFile | string> {
  const [, argv] = unpackers.find(([end]) => file.endsWith(end)) ?? [];
  if (argv === undefined) return `nobody here knows how ${file} is packed`;
  const buildIds = new Set<string>();
  const scan = createBuildIdScan((id) => buildIds.add(id));
  const problem = await unpack([...argv, file], (piece) => scan.push(piece));
  return problem ?? { buildIds, isInTree: scan.isInTree() };
}

async function unpack(argv: readonly string[], onPiece: (piece: Buffer) => void): Promise<string | null> {
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
  let bytes = 0;
  for await (const piece of child.iterable({ from: "stdout", binary: true, preserveNewlines: true })) {
    bytes += piece.length;
    if (bytes > mostBytes) break;
    onPiece(Buffer.from(piece));
  }
  const { exitCode, stderr } = await child;
  if (bytes > mostBytes) return `a module of it is more than ${mostBytes} bytes`;
  const said = Buffer.from(stderr).toString("utf8").trim().slice(-200);
  return exitCode === 0 ? null : `${argv[0] ?? ""} could not unpack its modules: ${said || "no answer"}`;
}
