/** chimera-agent: which command; each loads only what it needs, because recovery may not wait for what the long run needs. */
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import { parseCommand } from "./command-line.ts";
import { parseConfig, type AgentConfig } from "./config.ts";
import { ensureIdentity, readSecret } from "./host/agent/identity.ts";
import { logFailure } from "./host/log/open-log.ts";
import { readLocalStatus } from "./local/read-local-status.ts";
import { version } from "./version.ts";

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  switch (command.kind) {
    case "run":
      await (await import("./run-agent.ts")).runAgent(configOf(command.configFile), command.configFile);
      return;
    case "recover":
    case "dead-man":
      print(await (await import("./run-offline.ts")).runOffline(command, configOf(command.configFile)));
      return;
    case "gate":
      print(await (await import("./run-offline.ts")).runGate(configOf(command.configFile).stateDir));
      return;
    case "status":
      print(JSON.stringify(readLocalStatus(configOf(command.configFile).stateDir)));
      return;
    case "check":
      (await import("./run-agent.ts")).checkConfig(configOf(command.configFile));
      return;
    case "identity":
      print(JSON.stringify(ensureIdentity(command.dir, command.node)));
      return;
    case "hardware-facts":
      print(JSON.stringify(await (await import("./host/hardware-facts.ts")).gatherHardware(command.node)));
      return;
    case "version":
      print(`chimera-agent ${version}`);
  }
}

function configOf(file: string): AgentConfig {
  return parseConfig(readSecret(file), file);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  () => process.exit(0),
  async (error: unknown) => {
    process.stderr.write(`chimera-agent: ${errorChain(error)}\n`);
    if (process.argv[2] === "run") await logFailure(error);
    process.exit(error instanceof ChimeraError ? errorCodes[error.code].exit : 70);
  },
);
