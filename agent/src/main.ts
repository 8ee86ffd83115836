/** chimera-agent: which command; each loads only what it needs, because recovery may not wait for what the long run needs. */
import { answerMark } from "@chimera/proto/delivery";
import { ChimeraError, errorChain, errorCodes, isErrorCode } from "@chimera/proto/errors";
import { localError, type LocalAnswer } from "@chimera/proto/local-api";
import { parseCommand, type Command } from "./command-line.ts";
import { parseConfig, type AgentConfig } from "./config.ts";
import { ensureIdentity, readSecret } from "./host/agent/identity.ts";
import { logFailure } from "./host/log/open-log.ts";
import { readLocalStatus } from "./local/read-local-status.ts";
import { parseStandInConfig } from "./stand-in-config.ts";
import { version } from "./version.ts";

type Answers = { [K in Command["kind"]]: (command: Extract<Command, { kind: K }>) => Promise<string | null> };

/** What each command says at its end; null where it has nothing to say. */
const answers: Answers = {
  async run({ configFile }) {
    await (await import("./wiring/run-agent.ts")).runAgent(configOf(configFile), configFile);
    return null;
  },
  async recover(command) {
    return (await import("./wiring/run-offline.ts")).runOffline(command, configOf(command.configFile));
  },
  async "dead-man"(command) {
    return (await import("./wiring/run-offline.ts")).runOffline(command, configOf(command.configFile));
  },
  async gate({ configFile }) {
    return (await import("./wiring/run-offline.ts")).runGate(configOf(configFile).stateDir);
  },
  async lead({ configFile, order }) {
    return (await import("./wiring/run-lead.ts")).runLead(configOf(configFile), order);
  },
  async "stand-in"({ configFile }) {
    const config = parseStandInConfig(readSecret(configFile), configFile);
    return (await import("./wiring/run-stand-in.ts")).runStandIn(config);
  },
  async deliver({ configFile }) {
    const { deliverBundle } = await import("./delivery/deliver-bundle.ts");
    return marked(() => deliverBundle(configOf(configFile), process.stdin));
  },
  async report({ configFile }) {
    const { askOwnAgent } = await import("./delivery/ask-own-agent.ts");
    return marked(() => askOwnAgent(configOf(configFile).runtimeDir, { v: 1, command: "report" }));
  },
  async follow(command) {
    return (await import("./delivery/run-follow.ts")).runFollow(command, configOf(command.configFile));
  },
  async status({ configFile }) {
    return JSON.stringify(readLocalStatus(configOf(configFile).stateDir));
  },
  async check({ configFile }) {
    (await import("./wiring/run-agent.ts")).checkConfig(configOf(configFile));
    return null;
  },
  async identity({ dir, node }) {
    return JSON.stringify(ensureIdentity(dir, node));
  },
  async "hardware-facts"({ node }) {
    return JSON.stringify(await (await import("./host/hardware-facts.ts")).gatherHardware(node));
  },
  async "store-worker"() {
    await (await import("./host/store-drift/store-worker.ts")).serveStoreJobs();
    return null;
  },
  async "store-repair"({ dir }) {
    await (await import("./host/store-drift/repair/serve-repair.ts")).serveRepair(dir);
    return null;
  },
  async version() {
    return `chimera-agent ${version}`;
  },
};

/** For whoever asked from afar, also where it failed; then the exit code says so too. */
async function marked(ask: () => Promise<LocalAnswer>): Promise<string> {
  const said = await ask().catch((error: unknown) => {
    if (!(error instanceof ChimeraError)) throw error;
    return localError(error.code, errorChain(error));
  });
  process.exitCode = said.ok ? 0 : exitOf(said.error.code);
  return `${answerMark}${JSON.stringify(said)}`;
}

function exitOf(code: string): number {
  return isErrorCode(code) ? errorCodes[code].exit : 70;
}

async function main(): Promise<void> {
  const said = await answer(parseCommand(process.argv.slice(2)));
  if (said !== null) process.stdout.write(`${said}\n`);
}

function answer<K extends Command["kind"]>(command: Extract<Command, { kind: K }>): Promise<string | null> {
  const kind: K = command.kind;
  return answers[kind](command);
}

function configOf(file: string): AgentConfig {
  return parseConfig(readSecret(file), file);
}

main().then(
  () => process.exit(),
  async (error: unknown) => {
    process.stderr.write(`chimera-agent: ${errorChain(error)}\n`);
    if (process.argv[2] === "run") await logFailure(error);
    process.exit(error instanceof ChimeraError ? errorCodes[error.code].exit : 70);
  },
);
