/** SHELL. Tests only: a model of a node behind the real desk and socket, and the real CLI as root types it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { NodeEventBody } from "@chimera/proto/event";
import { LocalState, noLocalState } from "@chimera/proto/local-order";
import { createLog } from "@chimera/proto/log";
import { generateKey } from "@chimera/proto/signed/keys";
import { execa, type Options } from "execa";
import { readDocument } from "../host/state/documents.ts";
import { serveLocalSocket } from "../host/local-socket.ts";
import type { RootSocket } from "../host/root-socket.ts";
import { writeStateFile } from "../host/state/state-file.ts";
import type { LocalFacts, SystemFinding } from "./judge-local.ts";
import { createLocalDesk } from "./local-desk.ts";
import { c, facts, journal, status } from "./local-fixture.ts";

const program = resolve(import.meta.dirname, "../../../cli/src/main.ts");
const agentProgram = resolve(import.meta.dirname, "../main.ts");
const keySet = resolve(import.meta.dirname, "../../../proto/test/golden/v1/key-set-envelope.json");
const log = createLog({ fields: {}, write: () => undefined });

export interface Model {
  folder: string;
  facts: LocalFacts;
  finding: SystemFinding;
  quarantined: string[];
  events: NodeEventBody[];
  socket: RootSocket | null;
  /** One is taken at each look, so that nobody's clock matters. */
  steps: (() => void)[];
  /** What the node does when it is woken. */
  carryOut: () => void;
}

export interface CliResult {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

export function createModel(): Model {
  const folder = mkdtempSync(join(tmpdir(), "chimera-local-"));
  symlinkSync(c, join(folder, "result"));
  const finding = { kind: "system" } as const;
  const model: Model = {
    folder,
    facts,
    finding,
    quarantined: [],
    events: [],
    socket: null,
    steps: [],
    carryOut: () => commit(model),
  };
  return model;
}

export function removeModel({ socket, folder }: Model): void {
  socket?.close();
  rmSync(folder, { recursive: true, force: true });
}

export function stored({ folder }: Model): LocalState {
  return readDocument(join(folder, "local.json"), LocalState) ?? noLocalState;
}

export async function startDesk(model: Model): Promise<void> {
  const desk = createLocalDesk({
    state: () => stored(model),
    save: (state) => writeStateFile(join(model.folder, "local.json"), state),
    facts: () => model.facts,
    inspect: async () => model.finding,
    isQuarantined: (toplevel) => model.quarantined.includes(toplevel),
    onChange: () => model.carryOut(),
    report: (event) => void model.events.push(event),
    nowMs: Date.now,
    uptimeMs: () => performance.now(),
  });
  model.socket = serveLocalSocket({
    runtimeDir: join(model.folder, "run"),
    answer(request) {
      if (request.command === "status") model.steps.shift()?.();
      if (request.command === "deliver" || request.command === "report" || request.command === "explain")
        throw new Error("nobody brings documents here");
      return desk.answer(request);
    },
    log,
  });
  await model.socket.ready;
}

export function commit(model: Model): void {
  const { order } = stored(model);
  if (order === null) return;
  const current = order.toplevel;
  const waiting = { reason: "probation", detail: "1 s to go" };
  const system = { ...status.system, current, profile: current, bootDefault: current };
  model.steps.push(
    () => move(model, { step: "probation", isReplaceable: false }, { state: "probation", waiting }),
    () => move(model, { step: "committed" }, { system }),
  );
}

export function revertAtOnce(model: Model): void {
  const problem = { code: "activation-failed", message: "unit web.service failed", at: status.at };
  model.steps.push(() => move(model, { step: "reverted", problem }, { state: "reverted", problem }));
}

function move(model: Model, inJournal: Partial<typeof journal>, inStatus: Partial<typeof status>): void {
  const { order } = stored(model);
  if (order === null) return;
  const { base, id, action, toplevel } = order;
  const begun = { ...journal, toplevel, order: { ...base, id, local: action }, ...inJournal };
  model.facts = { ...model.facts, journal: begun, status: { ...status, ...inStatus } };
}

export async function local(
  { folder }: Model,
  words: readonly string[],
  options: Options = {},
): Promise<CliResult> {
  const access = ["--socket", join(folder, "run/agent.sock")];
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [program, "local", ...words, ...access],
    {
      reject: false,
      cwd: folder,
      extendEnv: false,
      env: { HOME: folder, USER: "root", PATH: join(folder, "bin") },
      ...options,
    },
  );
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

/** chimera-agent on PATH, with a state folder of its own; returns the file that configures it. */
export function installAgent({ folder }: Model, stateDir: string): string {
  mkdirSync(stateDir);
  mkdirSync(join(folder, "bin"));
  const shim = `#!/bin/sh\nexec '${process.execPath}' '${agentProgram}' "$@"\n`;
  writeFileSync(join(folder, "bin/chimera-agent"), shim, { mode: 0o755 });
  const config = {
    node: "n1",
    fleetId: "f".repeat(64),
    nats: { servers: ["nats://127.0.0.1:9"], seedFile: join(folder, "nats.seed") },
    controller: { url: "http://127.0.0.1:9", tokenFile: join(folder, "token") },
    nodeKeyFile: join(folder, "node.key"),
    trustedKeys: JSON.parse(readFileSync(keySet, "utf8")),
    nix: { trustedPublicKeys: [generateKey("cache").public] },
    stateDir,
  };
  const file = join(folder, "agent.json");
  writeFileSync(file, JSON.stringify(config));
  return file;
}
