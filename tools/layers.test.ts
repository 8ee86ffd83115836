/** Who may import whom, and why. The edges come from every source file, type-only imports and unused files included. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { execa } from "execa";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");

type Rule = { name: string; why: string; from: RegExp; not: RegExp; except?: RegExp };
const tests = /\.test\.ts$/;
const pureWhy = "what is decided must be the same for the same input, and testable without a machine";
const shareWhy =
  "two programs of different versions must agree on what travels between them, and only proto is versioned";

const rules: Rule[] = [
  {
    name: "the agent's decisions act on nothing",
    why: pureWhy,
    from: /^agent\/src\/(reconcile|rollout|sessions)\//,
    not: /^(?!agent\/src\/(reconcile|rollout|sessions)\/|@chimera\/proto\/|zod$|picomatch$$)/,
    except: tests,
  },
  {
    name: "the controller's picture of the fleet acts on nothing",
    why: pureWhy,
    from: /^controller\/src\/fleet\//,
    not: /^(?!controller\/src\/fleet\/|@chimera\/proto\/|zod$)/,
    except: tests,
  },
  {
    name: "what the CLI prints is computed from values",
    why: "the same table serves a terminal, a pipe and a test",
    from: /^cli\/src\/print\//,
    not: /^(node:|cli\/src\/(?!print\/)|execa$|nats$)/,
    except: tests,
  },
  {
    name: "what a plan foresees is computed from closures that were read",
    why: pureWhy,
    from: /^cli\/src\/plan\//,
    not: /^(?!cli\/src\/plan\/|@chimera\/proto\/)/,
    except: tests,
  },
  {
    name: "what a doctor finds is judged from facts that were gathered",
    why: pureWhy,
    from: /^cli\/src\/doctor\/judge\//,
    not: /^(?!cli\/src\/doctor\/(judge\/|facts\.ts$)|cli\/src\/print\/doctor\/|@chimera\/proto\/)/,
    except: tests,
  },
  {
    name: "which environment a run gets is decided from what was looked at",
    why: pureWhy,
    from: /^cli\/src\/run-session\/(decide|python|record)\//,
    not: /^(?!cli\/src\/run-session\/(decide|python|record)\/|cli\/src\/print\/|@chimera\/proto\/|zod$|smol-toml$|@renovatebot\/pep440$)/,
    except: tests,
  },
  {
    name: "proto is a leaf",
    why: shareWhy,
    from: /^proto\//,
    not: /^(@chimera\/(?!proto\/)|agent\/|controller\/|cli\/|e2e\/|tools\/)/,
  },
  {
    name: "proto does no I/O",
    why: "all programs load it, and its meaning may not depend on the machine it runs on",
    from: /^proto\/src\//,
    not: /^(node:(?!crypto$)|execa$|nats$)/,
    except: tests,
  },
  {
    name: "agent shares only proto",
    why: shareWhy,
    from: /^agent\//,
    not: /^(@chimera\/(?!proto\/)|proto\/|controller\/|cli\/|e2e\/)/,
  },
  {
    name: "controller shares only proto",
    why: shareWhy,
    from: /^controller\//,
    not: /^(@chimera\/(?!proto\/)|proto\/|agent\/|cli\/|e2e\/)/,
  },
  {
    name: "the controller takes none of hono's guards that had holes",
    why: "JWTs, cookies, files by path, lists of addresses and mounted applications each had a CVE in 2026 (47673-47676, 44459, 39406, 39407, 22817); one token header needs none of them",
    from: /^controller\/src\/http\//,
    not: /^hono\/(jwt|jwk|cookie|csrf|ip-restriction|serve-static|basic-auth|bearer-auth|proxy|cors)$|^@hono\/node-server\/serve-static$/,
    except: tests,
  },
  {
    name: "cli shares only proto",
    why: shareWhy,
    from: /^cli\//,
    not: /^(@chimera\/(?!proto\/)|proto\/|agent\/|controller\/|e2e\/)/,
  },
  {
    name: "control does not reach into host",
    why: "an order from the network changes a node only through a decision; main.ts joins the two",
    from: /^agent\/src\/control\//,
    not: /^agent\/src\/host\//,
    except: tests,
  },
  {
    name: "host does not reach into control",
    why: "a node keeps itself right when the network is away; main.ts joins the two",
    from: /^agent\/src\/host\//,
    not: /^agent\/src\/control\//,
    except: tests,
  },
  {
    name: "e2e sees programs from outside",
    why: "a test that reaches inside a program passes where the bundle that ships fails",
    from: /^e2e\//,
    not: /^(@chimera\/(?!proto\/)|agent\/|controller\/|cli\/)/,
  },
];

/**
 * Types are erased before esbuild looks for imports, but a layer is crossed by a type all the same. Imports carry their
 * file's whole name, so each file is looked at alone: half-written neighbours hide nothing.
 */
const edgesOnly: Plugin = {
  name: "edges-only",
  setup(esbuild) {
    esbuild.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      return {
        contents: source.replaceAll(/^(import|export) type (?=[{*\w$][^=;]*? from ")/gm, "$1 "),
        loader: "ts",
      };
    });
    esbuild.onResolve({ filter: /./ }, ({ kind, path, resolveDir }) => {
      if (kind === "entry-point") return;
      return {
        path: path.startsWith(".") ? relative(root, resolve(resolveDir, path)) : path,
        external: true,
      };
    });
  },
};

async function findEdges(): Promise<{ from: string; to: string }[]> {
  const { stdout } = await execa({ cwd: root })`git ls-files -z --cached --others --exclude-standard *.ts`;
  const files = stdout.split("\0").filter((file) => /^(proto|agent|controller|cli|e2e)\//.test(file));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: files.filter((file) => existsSync(resolve(root, file))),
    bundle: true,
    write: false,
    outdir: "dist",
    metafile: true,
    platform: "node",
    format: "esm",
    plugins: [edgesOnly],
    logLevel: "silent",
  });
  return Object.entries(metafile.inputs).flatMap(([from, { imports }]) =>
    imports.map((to) => ({ from, to: to.path })),
  );
}

const edges = await findEdges();

for (const { name, why, from, not, except } of rules) {
  test(`${name}, because ${why}`, () => {
    const looked = edges.filter((edge) => from.test(edge.from) && except?.test(edge.from) !== true);
    expect(looked.length, `nothing matches ${from}: the rule looks at no file`).toBeGreaterThan(0);
    expect(looked.filter((edge) => not.test(edge.to))).toEqual([]);
  });
}

test("only the agent's runs join control and host, because there is one place each where the wiring can be read", () => {
  const host = importersOf("agent/src/host/");
  const joiners = [...importersOf("agent/src/control/")].filter(
    (from) => host.has(from) && !tests.test(from) && !from.endsWith("-fixture.ts"),
  );
  expect(joiners.toSorted()).toEqual([
    // Never shipped.
    "agent/src/session-stage/main.ts",
    "agent/src/wiring/lead-fleet.ts",
    "agent/src/wiring/run-agent.ts",
    "agent/src/wiring/run-lead.ts",
    "agent/src/wiring/run-offline.ts",
    "agent/src/wiring/run-stand-in.ts",
  ]);
});

function importersOf(folder: string): Set<string> {
  return new Set(edges.filter(({ to }) => to.startsWith(folder)).map(({ from }) => from));
}
