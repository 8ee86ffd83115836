/**
 * SHELL. Makes what ships: a program is a file, and a folder of the same name with the parts that it loads when a command
 * asks for them. Nothing is to be installed beside it, and the same sources give the same bytes.
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, type BuildOptions, type Plugin } from "esbuild";
import { z } from "zod";

const root = resolve(import.meta.dirname, "..");
const programs = {
  agent: "agent/src/main.ts",
  controller: "controller/src/main.ts",
  chimera: "cli/src/main.ts",
};

/** zod carries its messages in fifty languages, 0.4 MB that every start would parse; ours are English. */
const englishOnly: Plugin = {
  name: "english-only",
  setup(bundler) {
    bundler.onLoad({ filter: /node_modules\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
  },
};

/**
 * An `import` of a file's first lines is followed before the file runs, so `--version` would load sockets and child
 * processes that only other commands need. As CommonJS each of Node's modules is loaded by the first who asks.
 */
const lateBuiltins: Plugin = {
  name: "late-builtins",
  setup(bundler) {
    bundler.onResolve({ filter: /./ }, ({ path, namespace, kind }) => {
      if (!isBuiltin(path) || kind === "dynamic-import") return undefined;
      return namespace === "builtin" ? { path, external: true } : { path, namespace: "builtin" };
    });
    bundler.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

const options = {
  plugins: [englishOnly, lateBuiltins],
  absWorkingDir: root,
  bundle: true,
  // A start parses what its command needs: half of `chimera --version`, a third of a recovery, was parsing the rest.
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node24",
  // The source text of a program stays in its memory: minified, the agent needs 10 MB less. The map is beside it.
  minify: true,
  sourcemap: "external",
  sourcesContent: false,
  legalComments: "external",
  // CommonJS packages ask for `require`; the helper's name is long because a short one met a package's own.
  banner: {
    js:
      'import { createRequire as chimeraBundleCreateRequire } from "node:module";\n' +
      "const require = chimeraBundleCreateRequire(import.meta.url);",
  },
  // Optional native helpers that their packages do without: fsevents is macOS only, the others speed up `ws`.
  external: ["fsevents", "bufferutil", "utf-8-validate"],
  outExtension: { ".js": ".mjs" },
  // Paths in the maps are relative to the output folder: one fixed folder keeps them equal on every machine.
  outdir: join(root, "dist"),
  write: false,
  logLevel: "warning",
} satisfies BuildOptions;

/** Writes agent.mjs, controller.mjs and chimera.mjs with their folders (maps and licences too) and gives the paths of the three. */
export async function bundle(wanted: { outdir: string; version?: string }): Promise<string[]> {
  const version = wanted.version ?? (await packageVersion());
  const made = Object.entries(programs).map(([name, source]) =>
    bundleProgram({ name, source }, { ...wanted, version }),
  );
  return Promise.all(made);
}

/** Programs share no parts: each is installed, replaced and loaded alone. */
async function bundleProgram(
  { name, source }: { name: string; source: string },
  { outdir, version }: { outdir: string; version: string },
): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    entryPoints: { [name]: source },
    chunkNames: `${name}/[name]-[hash]`,
    define: { CHIMERA_VERSION: JSON.stringify(version) },
  });
  const parts = join(outdir, name);
  await rm(parts, { recursive: true, force: true });
  await mkdir(parts, { recursive: true });
  await Promise.all(
    outputFiles.map(({ path, contents }) =>
      writeFile(join(outdir, relative(options.outdir, path)), contents),
    ),
  );
  return join(outdir, `${name}.mjs`);
}

async function packageVersion(): Promise<string> {
  const text = await readFile(join(root, "package.json"), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { outdir: { type: "string" }, version: { type: "string" } } });
  const { outdir = options.outdir, version } = values;
  for (const path of await bundle({ outdir, ...(version !== undefined && { version }) })) console.log(path);
}
