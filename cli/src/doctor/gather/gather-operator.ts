/** SHELL. All that is to be known of an operator's machine, gathered on it. */
import { join } from "node:path";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { contextFilePath } from "../../context/context-file.ts";
import { currentContext, readToken, type NamedContext } from "../../context/current-context.ts";
import type { Io } from "../../io.ts";
import { readProject } from "../../project/project-file.ts";
import { readSecret, readSigner } from "../../secret-file.ts";
import type { OperatorFacts } from "../facts.ts";
import { fileFacts } from "./file-facts.ts";
import { machineFacts, said } from "./machine-facts.ts";
import { probeHttp } from "./probe-http.ts";

const keyFiles = [
  ["publishKeyFile", "publish key"],
  ["panicKeyFile", "panic key"],
  ["orderKeyFile", "order key"],
  ["rootKeyFile", "root key"],
  ["cacheKeyFile", "cache key"],
] as const;
const tools = [
  { name: "nix", flag: "--version", isNeeded: true, why: "closures are built with it" },
  {
    name: "ssh",
    flag: "-V",
    isNeeded: false,
    why: "it is the way to nodes when neither NATS nor controller answers",
  },
  { name: "tmux", flag: "-V", isNeeded: false, why: "chimera run keeps its sessions in it" },
] as const;

export async function gatherOperator(
  io: Io,
  { context: wanted, file }: { context: string | undefined; file: string | undefined },
): Promise<OperatorFacts> {
  const found = await orProblem(async () => currentContext(io, wanted));
  const context = "value" in found ? found.value : null;
  return {
    ...(await machineFacts(io)),
    contextFile: await fileFacts(contextFilePath(io)),
    context: "value" in found ? { name: found.value.name } : { problem: found.problem },
    secrets: context === null ? [] : await secretsOf(context),
    project: await projectOf(io, file),
    tools: await Promise.all(
      tools.map(async ({ flag, ...tool }) => ({
        ...tool,
        said: firstLine(await said(io, [tool.name, flag])),
      })),
    ),
    controller: context === null ? null : await askController(io, context),
  };
}

async function secretsOf(context: NamedContext): Promise<OperatorFacts["secrets"]> {
  const keys = keyFiles.flatMap(([name, purpose]) => {
    const path = context[name];
    return path === undefined ? [] : [secret(path, purpose, async () => readSigner(path, purpose))];
  });
  const { tokenFile, natsSeedFile } = context;
  const token =
    tokenFile === undefined ? [] : [secret(tokenFile, "token", async () => readToken(context, "api"))];
  const seed =
    natsSeedFile === undefined
      ? []
      : [
          secret(natsSeedFile, "nkey seed", async () =>
            parseNkeySeed(await readSecret(natsSeedFile, "nkey seed")),
          ),
        ];
  return Promise.all([...token, ...keys, ...seed]);
}

async function secret(path: string, purpose: string, open: () => Promise<unknown>) {
  const opened = await orProblem(open);
  return { purpose, file: await fileFacts(path), problem: "problem" in opened ? opened.problem : null };
}

/** Without one there is nothing to say: not everybody deploys from here. */
async function projectOf(io: Io, file: string | undefined): Promise<OperatorFacts["project"]> {
  const read = await orProblem(async () => readProject(io, file));
  if ("problem" in read) return { path: file ?? "chimera.toml", problem: read.problem };
  const isEmpty = read.value.flake === undefined && Object.keys(read.value.nodes).length === 0;
  return isEmpty ? null : { path: join(read.value.folder, "chimera.toml"), problem: null };
}

async function askController(io: Io, context: NamedContext) {
  const token = await orProblem(async () => readToken(context, "api"));
  return probeHttp({
    url: context.controller,
    path: "/v1/fleet",
    token: "value" in token ? token.value : undefined,
    nowMs: io.nowMs,
  });
}

async function orProblem<T>(work: () => Promise<T>): Promise<{ value: T } | { problem: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { problem: errorChain(error) };
  }
}

function firstLine(text: string | null): string | null {
  return text === null ? null : (text.split("\n")[0] ?? "").slice(0, 128);
}
