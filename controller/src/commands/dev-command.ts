/** SHELL. `chimera-controller dev`: a whole control plane on one machine, nats-server included. */
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { Command, InvalidArgumentError } from "commander";
import { withFileLock } from "../files/file-lock.ts";
import { NodeFile, noNodes, readNodes } from "../files/node-file.ts";
import { reloadedFile } from "../files/reloaded-file.ts";
import { writeDurably } from "../files/durable-file.ts";
import { renderNatsConfig } from "../nats-config.ts";
import { readNatsSeed } from "../store/nats-seed.ts";
import { examples } from "./config-option.ts";
import { prepareDevState, type DevState } from "./dev-state.ts";
import { startNatsServer } from "./nats-server-child.ts";
import { stderrLog } from "./stderr-log.ts";
import { untilSignal } from "./until-signal.ts";

const lookEveryMs = 1000;

interface Options {
  dir: string;
  port?: number;
  natsPort?: number;
  natsServer: string;
}

export function devCommand(version: string): Command {
  return new Command("dev")
    .description(
      "run everything for one machine: keys, nats-server, controller; the folder keeps it for next time",
    )
    .requiredOption("--dir <folder>", "state folder")
    .option("--port <port>", "HTTP port (default: a free one)", parsePort)
    .option("--nats-port <port>", "NATS port (default: a free one)", parsePort)
    .option("--nats-server <program>", "the program", "nats-server")
    .addHelpText(
      "after",
      examples("chimera-controller dev --dir ~/chimera-dev", "… --port 7070 --nats-port 4222"),
    )
    .action(async (options: Options) => {
      mkdirSync(options.dir, { recursive: true, mode: 0o700 });
      // Two of them would fight for one nats-server.
      await withFileLock(join(options.dir, "dev"), () => runDev(options, version));
    });
}

async function runDev(options: Options, version: string): Promise<void> {
  const log = stderrLog(version, "info");
  const state = await prepareDevState({
    dir: options.dir,
    httpPort: options.port ?? (await freePort()),
    natsPort: options.natsPort ?? (await freePort()),
  });
  writeNatsConfig(state);
  const nats = await startNatsServer(
    options.natsServer,
    { configFile: state.natsConfigFile, pidFile: state.natsPidFile },
    log.child({ component: "nats-server" }),
  );
  const stopped = untilSignal();
  try {
    const { startController } = await import("./serve.ts");
    const controller = await startController(state.config, log, { version });
    const watch = setInterval(
      followNodes(state, () => nats.reload(), log),
      lookEveryMs,
    );
    process.stdout.write(contextOf(state));
    await stopped;
    clearInterval(watch);
    // Both at once: Ctrl-C has reached the server too, and it must not be started again for that.
    await Promise.all([nats.close(), controller.close()]);
  } finally {
    await nats.close();
  }
}

/** A node that is added while we run may connect a second later. */
function followNodes({ config, ...state }: DevState, reload: () => void, log: ReturnType<typeof stderrLog>) {
  const file = reloadedFile({ path: config.nodesFile, schema: NodeFile, missing: noNodes, log, everyMs: 0 });
  let seen = file.version();
  return () => {
    if (file.version() === seen) return;
    seen = file.version();
    writeNatsConfig({ config, ...state });
    reload();
  };
}

function writeNatsConfig({ config, natsConfigFile }: DevState): void {
  const { publicKey } = readNatsSeed(config.nats.seedFile);
  const { nodes, operators } = readNodes(config.nodesFile);
  writeDurably(natsConfigFile, renderNatsConfig({ config, controllerNkey: publicKey, nodes, operators }));
}

/** For $XDG_CONFIG_HOME/chimera/config.toml. */
function contextOf({
  config,
  configFile,
  tokenFile,
  operatorSeedFile,
  keyFiles,
  cacheKeyFile,
}: DevState): string {
  const fields = {
    controller: `http://${config.listen.host}:${config.listen.port}`,
    tokenFile,
    ...operatorKeyFiles(keyFiles),
    cacheKeyFile,
    natsServers: config.nats.servers,
    natsSeedFile: operatorSeedFile,
    fleetId: config.fleetId,
  };
  return [
    "# For ~/.config/chimera/config.toml:",
    'current = "dev"',
    "[contexts.dev]",
    ...Object.entries(fields).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
    `# NATS: ${config.nats.servers.join(", ")}`,
    `# Add a node:  chimera-controller node add --config ${configFile} --node … --nkey U… --node-key …`,
    `# Its token:   chimera-controller token create --config ${configFile} --role node --node …`,
    "",
  ].join("\n");
}

/** A folder of an older version has one key for all of them. */
function operatorKeyFiles({ root, publish, panic, order }: DevState["keyFiles"]) {
  const own = (file: string) => (existsSync(file) ? file : publish);
  return {
    rootKeyFile: own(root),
    publishKeyFile: publish,
    panicKeyFile: own(panic),
    orderKeyFile: own(order),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null)
    throw new ChimeraError("bug", "a server without a port");
  return address.port;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError("a port is a number from 1 to 65535");
}
