/** SHELL. Tests only: a desk behind a node's real socket, with its state on disk, and `chimera-agent` as whoever comes by ssh starts it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import { answerMark, type DeliveredDocuments } from "@chimera/proto/delivery";
import { LocalAnswer, type LocalRequest } from "@chimera/proto/local-api";
import { createLog } from "@chimera/proto/log";
import { execa } from "execa";
import type { AgentConfig } from "../config.ts";
import { serveLocalSocket } from "../host/local-socket.ts";
import { readDocument } from "../host/state/documents.ts";
import { writeStateFile } from "../host/state/state-file.ts";
import { askOwnAgent } from "./ask-own-agent.ts";

const program = resolve(import.meta.dirname, "../main.ts");
const log = createLog({ fields: {}, write: () => undefined });

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

interface Node extends Pick<AgentConfig, "node" | "fleetId" | "trustedKeys"> {
  cacheKey: string;
  openDesk: (save: (state: TrustState) => void) => { answer: (request: LocalRequest) => LocalAnswer };
}

export async function startReceiver({ openDesk, ...named }: Node) {
  const folder = mkdtempSync(join(tmpdir(), "chimera-delivery-"));
  const [stateDir, runtimeDir] = [join(folder, "state"), join(folder, "run")];
  mkdirSync(stateDir);
  const trustFile = join(stateDir, "trust.json");
  const desk = openDesk((state) => writeStateFile(trustFile, state));
  const answer = (request: LocalRequest) => Promise.resolve(desk.answer(request));
  const socket = serveLocalSocket({ runtimeDir, log, answer });
  await socket.ready;
  const config = writeConfig(folder, { ...named, stateDir, runtimeDir });
  return {
    stateDir,
    onDisk: () => readDocument(trustFile, TrustState),
    stopAgent: () => socket.close(),
    /** The whole way of whoever comes by ssh. */
    agent: (words: readonly string[], input?: string) => runAgent([...words, "--config", config], input),
    /** Its last part. */
    ask: (documents: DeliveredDocuments) => askOwnAgent(runtimeDir, { v: 1, command: "deliver", documents }),
    start: (words: readonly string[]) =>
      execa(process.execPath, [program, ...words, "--config", config], { reject: false, stdin: "pipe" }),
    dispose() {
      socket.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeConfig(
  folder: string,
  { cacheKey, ...rest }: Omit<Node, "openDesk"> & { stateDir: string; runtimeDir: string },
): string {
  const config = {
    ...rest,
    nats: { servers: ["nats://127.0.0.1:9"], seedFile: join(folder, "nats.seed") },
    controller: { url: "http://127.0.0.1:9", tokenFile: join(folder, "token") },
    nodeKeyFile: join(folder, "node.key"),
    nix: { trustedPublicKeys: [cacheKey] },
  };
  const file = join(folder, "agent.json");
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

async function runAgent(words: readonly string[], input = "") {
  const { exitCode, stdout } = await execa(process.execPath, [program, ...words], { reject: false, input });
  return { exitCode, answer: answerIn(stdout) };
}

/** Of the marked line; null where there is none. */
export function answerIn(stdout: string): LocalAnswer | null {
  const line = stdout.split("\n").find((one) => one.startsWith(answerMark));
  return line === undefined ? null : LocalAnswer.parse(JSON.parse(line.slice(answerMark.length)));
}
