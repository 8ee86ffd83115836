/** SHELL. All that is to be known of a node, gathered on it: what the agent knows already it is asked for. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openKeys, TrustState } from "@chimera/proto/acceptance/trust-state";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { localSocketName } from "@chimera/proto/local-api";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { askAgent } from "../../local/ask-agent.ts";
import type { NodeFacts } from "../facts.ts";
import { agentPid, heldWatches, holdsConnection } from "./process-facts.ts";
import { fileFacts, readJson, readSmall, spaceFacts } from "./file-facts.ts";
import { machineFacts, unitFacts } from "./machine-facts.ts";
import { passFacts } from "./pass-facts.ts";
import { probeHttp } from "./probe-http.ts";
import { addressOf, probeNats } from "./probe-nats.ts";

/** What is needed of it here; the agent itself judges the rest. */
const AgentFile = z.object({
  nats: z.object({
    servers: z.array(z.url().max(512)).max(16),
    seedFile: z.string(),
    passFile: z.string().optional(),
  }),
  controller: z.object({ url: z.url({ protocol: /^https?$/u }).max(512), tokenFile: z.string() }),
  nodeKeyFile: z.string(),
  stateDir: z.string().default("/var/lib/chimera"),
  runtimeDir: z.string().default("/run/chimera"),
  reboot: z
    .object({ policy: z.string().default("never"), acceptUnprotected: z.boolean().default(false) })
    .prefault({}),
  reserve: z.object({ storeMb: z.int().default(512), bootMb: z.int().default(32) }).prefault({}),
});
type AgentFile = z.infer<typeof AgentFile>;

export async function gatherNode(io: Io, configFile: string): Promise<NodeFacts> {
  const read = await readJson(configFile, AgentFile);
  const { stateDir, runtimeDir } = "value" in read ? read.value : usualFolders;
  const pid = await agentPid(runtimeDir);
  return {
    ...(await machineFacts(io)),
    ...("value" in read ? await ofConfig(io, read.value, pid) : withoutConfig),
    configFile,
    configProblem: "problem" in read ? read.problem : null,
    ...(await agentWord(io, runtimeDir)),
    units: await nodeUnits(io),
    folders: await Promise.all([stateDir, runtimeDir].map(fileFacts)),
    keySet: await keySetOf(join(stateDir, "trust.json")),
    inotify: {
      maxWatches: await limitOf("max_user_watches"),
      maxQueued: await limitOf("max_queued_events"),
      held: pid === null ? null : await heldWatches(pid),
    },
  };
}

const usualFolders = { stateDir: "/var/lib/chimera", runtimeDir: "/run/chimera" };

type OfConfig = Pick<NodeFacts, "secrets" | "pass" | "nats" | "natsHeld" | "controller" | "space" | "boot">;

const withoutConfig: OfConfig = {
  secrets: [],
  pass: null,
  nats: [],
  natsHeld: null,
  controller: null,
  space: [],
  boot: { loader: false, reboots: "never", acceptUnprotected: false },
};

async function ofConfig(io: Io, config: AgentFile, pid: number | null): Promise<OfConfig> {
  const { nats, reboot } = config;
  return {
    secrets: await Promise.all(secretFiles(config).map(withFacts)),
    pass: await passFacts(nats.passFile),
    nats: await Promise.all(nats.servers.map(probeNats)),
    natsHeld: pid === null ? null : await holdsConnection(pid, portsOf(config)),
    controller: await askController(io, config),
    space: await spaceOf(config),
    boot: {
      loader: await hasLoader(),
      reboots: reboot.policy,
      acceptUnprotected: reboot.acceptUnprotected,
    },
  };
}

async function agentWord(io: Io, runtimeDir: string): Promise<Pick<NodeFacts, "agent" | "agentReason">> {
  const socket = join(runtimeDir, localSocketName);
  try {
    const asked = await askAgent({
      socket,
      request: { v: 1, command: "status" },
      signal: io.signal,
      patienceMs: 5_000,
    });
    if (asked.kind !== "answer") return { agent: null, agentReason: asked.reason };
    const { agent, state, problem } = asked.answer.status;
    const told = problem === null ? null : `${problem.code}: ${problem.message}`;
    return { agent: { version: agent?.version ?? "?", state, problem: told }, agentReason: "" };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { agent: null, agentReason: errorChain(error) };
  }
}

async function nodeUnits(io: Io): Promise<NodeFacts["units"]> {
  const [sentinel, watchdog, recover, blessBoot] = await Promise.all(
    [
      "chimera-sentinel.service",
      "chimera-watchdog.timer",
      "chimera-recover.service",
      "systemd-bless-boot.service",
    ].map(async (unit) => unitFacts(io, unit)),
  );
  return {
    sentinel: sentinel ?? null,
    watchdog: watchdog ?? null,
    recover: recover ?? null,
    blessBoot: blessBoot ?? null,
  };
}

function secretFiles({ nats, controller, nodeKeyFile }: AgentFile): { purpose: string; path: string }[] {
  return [
    { purpose: "nkey seed", path: nats.seedFile },
    { purpose: "token", path: controller.tokenFile },
    { purpose: "node key", path: nodeKeyFile },
  ];
}

async function withFacts({ purpose, path }: { purpose: string; path: string }) {
  return { purpose, file: await fileFacts(path) };
}

async function keySetOf(path: string): Promise<NodeFacts["keySet"]> {
  const read = await readJson(path, TrustState);
  if ("problem" in read) return read.problem;
  try {
    const { set } = openKeys(read.value);
    return { version: set.version, expiresMs: Date.parse(set.expires) };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return errorChain(error);
  }
}

function portsOf({ nats }: AgentFile): number[] {
  return nats.servers.map((server) => addressOf(server).port);
}

async function askController(io: Io, { controller: { url, tokenFile } }: AgentFile) {
  const token = (await readSmall(tokenFile))?.trim();
  return probeHttp({
    url,
    path: "/cache/nix-cache-info",
    token: token === "" ? undefined : token,
    nowMs: io.nowMs,
  });
}

async function spaceOf({ reserve: { storeMb, bootMb } }: AgentFile) {
  const store = await spaceFacts("/nix/store", storeMb);
  return (await hasLoader()) ? [store, await spaceFacts("/boot", bootMb)] : [store];
}

async function hasLoader(): Promise<boolean> {
  return readdir("/boot/loader/entries").then(
    () => true,
    () => false,
  );
}

async function limitOf(name: string): Promise<number | null> {
  const text = await readSmall(`/proc/sys/fs/inotify/${name}`);
  return text === null ? null : Number(text.trim());
}
