/** SHELL. The folder of `chimera-controller dev`: keys, fleet, configuration and tokens, made once and kept. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { sha256 } from "@chimera/proto/signed/canonical";
import { Envelope, seal } from "@chimera/proto/signed/envelope";
import { KeySet } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { FleetId } from "@chimera/proto/names";
import { generateNkey } from "@chimera/proto/nkey";
import { ControllerConfig, readConfig } from "../config.ts";
import { writeDurably } from "../files/durable-file.ts";
import { addToken } from "../files/token-file.ts";

const keySetLifeMs = 10 * 365 * 24 * 3600 * 1000;

export interface DevState {
  config: ControllerConfig;
  configFile: string;
  natsConfigFile: string;
  natsPidFile: string;
  tokenFile: string;
  publishKeyFile: string;
  cacheKeyFile: string;
}

export interface DevOptions {
  dir: string;
  httpPort: number;
  natsPort: number;
}

/** A second start with the same folder is the same fleet; only the ports are taken anew. */
export async function prepareDevState(options: DevOptions): Promise<DevState> {
  const dir = resolve(options.dir);
  mkdirSync(join(dir, "keys"), { recursive: true, mode: 0o700 });
  const state = {
    configFile: join(dir, "controller.json"),
    natsConfigFile: join(dir, "nats-server.conf"),
    natsPidFile: join(dir, "nats-server.pid"),
    tokenFile: join(dir, "keys", "admin.token"),
    publishKeyFile: join(dir, "keys", "publish.key"),
    cacheKeyFile: join(dir, "keys", "cache.key"),
  };
  const seedFile = join(dir, "keys", "controller.seed");
  writeOnce(seedFile, () => generateNkey().seed);
  writeOnce(state.publishKeyFile, () => generateKey("dev-publish").secret);
  writeOnce(state.cacheKeyFile, () => generateKey("dev-cache").secret);
  const publishKey = parseSecretKey(readFileSync(state.publishKeyFile, "utf8")).publicKey;
  const keySetFile = join(dir, "keys", "keys.json");
  writeOnce(keySetFile, () => makeKeySet(state.publishKeyFile));
  const config = ControllerConfig.parse({
    fleetId: fleetOf(keySetFile),
    listen: { host: "127.0.0.1", port: options.httpPort },
    nats: { servers: [`nats://127.0.0.1:${options.natsPort}`], seedFile },
    natsServer: { host: "127.0.0.1", port: options.natsPort, storeDir: join(dir, "jetstream") },
    cacheDir: join(dir, "cache"),
    tokensFile: join(dir, "tokens.json"),
    nodesFile: join(dir, "nodes.json"),
    trust: { publish: { keys: [publishKey], threshold: 1 } },
  });
  writeDurably(state.configFile, `${JSON.stringify(config, null, 2)}\n`);
  if (!existsSync(state.tokenFile)) {
    const { token } = await addToken(config.tokensFile, { name: "dev", role: "admin" });
    writeDurably(state.tokenFile, `${token}\n`);
  }
  return { ...state, config: readConfig(state.configFile) };
}

function writeOnce(path: string, make: () => string): void {
  if (!existsSync(path)) writeDurably(path, `${make()}\n`);
}

/** On one machine one key plays every role; `chimera init` makes real ones. */
function makeKeySet(publishKeyFile: string): string {
  const signer = parseSecretKey(readFileSync(publishKeyFile, "utf8"));
  const role = { keys: [signer.publicKey], threshold: 1 };
  const keySet = KeySet.parse({
    v: 1,
    kind: "keys",
    epoch: 0,
    version: 1,
    expires: new Date(Date.now() + keySetLifeMs).toISOString(),
    roles: { root: role, publish: role, panic: role, order: role },
  });
  return JSON.stringify(seal("keys", keySet, [signer]));
}

function fleetOf(keySetFile: string): FleetId {
  const { payload } = Envelope.parse(JSON.parse(readFileSync(keySetFile, "utf8")));
  return FleetId.parse(sha256(Buffer.from(payload, "base64")));
}
