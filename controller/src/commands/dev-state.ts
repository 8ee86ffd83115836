/** SHELL. The folder of `chimera-controller dev`: keys, fleet, configuration and tokens, made once and kept. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Envelope, seal } from "@chimera/proto/signed/envelope";
import { KeySet, openFirstKeySet } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { generateNkey } from "@chimera/proto/nkey";
import { ControllerConfig, readConfig } from "../config.ts";
import { writeDurably } from "../files/durable-file.ts";
import { addOperator } from "../files/node-file.ts";
import { addToken } from "../files/token-file.ts";

const keySetLifeMs = 10 * 365 * 24 * 3600 * 1000;

export interface DevState {
  config: ControllerConfig;
  configFile: string;
  natsConfigFile: string;
  natsPidFile: string;
  tokenFile: string;
  operatorSeedFile: string;
  keyFiles: DevKeyFiles;
  cacheKeyFile: string;
}

const devRoles = ["root", "publish", "panic", "order", "fresh"] as const;
type DevKeyFiles = Record<(typeof devRoles)[number], string>;

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
    operatorSeedFile: join(dir, "keys", "operator.seed"),
    keyFiles: keyFilesIn(join(dir, "keys")),
    cacheKeyFile: join(dir, "keys", "cache.key"),
  };
  const seedFile = join(dir, "keys", "controller.seed");
  writeOnce(seedFile, () => generateNkey().seed);
  writeOnce(state.cacheKeyFile, () => generateKey("dev-cache").secret);
  const { set, fleetId, envelope } = firstKeySet(join(dir, "keys", "keys.json"), state.keyFiles);
  const config = ControllerConfig.parse({
    fleetId,
    listen: { host: "127.0.0.1", port: options.httpPort },
    nats: { servers: [`nats://127.0.0.1:${options.natsPort}`], seedFile },
    natsServer: { host: "127.0.0.1", port: options.natsPort, storeDir: join(dir, "jetstream") },
    cacheDir: join(dir, "cache"),
    tokensFile: join(dir, "tokens.json"),
    nodesFile: join(dir, "nodes.json"),
    trustedKeys: envelope,
    // The folder of an older version has a key set without this role.
    ...(set.roles.fresh === undefined ? {} : { freshKeyFile: state.keyFiles.fresh }),
  });
  writeDurably(state.configFile, `${JSON.stringify(config, null, 2)}\n`);
  if (!existsSync(state.tokenFile)) {
    const { token } = await addToken(config.tokensFile, { name: "dev", role: "admin" });
    writeDurably(state.tokenFile, `${token}\n`);
  }
  if (!existsSync(state.operatorSeedFile)) {
    const { seed, publicKey } = generateNkey();
    await addOperator(config.nodesFile, { operator: "dev", nkey: publicKey });
    writeDurably(state.operatorSeedFile, `${seed}\n`);
  }
  return { ...state, config: readConfig(state.configFile) };
}

function writeOnce(path: string, make: () => string): void {
  if (!existsSync(path)) writeDurably(path, `${make()}\n`);
}

function keyFilesIn(folder: string): DevKeyFiles {
  const file = (role: string) => join(folder, `${role}.key`);
  return {
    root: file("root"),
    publish: file("publish"),
    panic: file("panic"),
    order: file("order"),
    fresh: file("fresh"),
  };
}

/** On one machine all keys lie together; `chimera init` says which ones to keep offline. */
function firstKeySet(path: string, keyFiles: DevKeyFiles) {
  writeOnce(path, () => {
    for (const role of devRoles) writeOnce(keyFiles[role], () => generateKey(`dev-${role}`).secret);
    return JSON.stringify(seal("keys", makeKeySet(keyFiles), [signerOf(keyFiles.root)]));
  });
  return openFirstKeySet(Envelope.parse(JSON.parse(readFileSync(path, "utf8"))));
}

function makeKeySet(keyFiles: DevKeyFiles): KeySet {
  const role = (name: keyof DevKeyFiles) => ({ keys: [signerOf(keyFiles[name]).publicKey], threshold: 1 });
  return KeySet.parse({
    v: 1,
    kind: "keys",
    epoch: 0,
    version: 1,
    expires: new Date(Date.now() + keySetLifeMs).toISOString(),
    roles: Object.fromEntries(devRoles.map((name) => [name, role(name)])),
  });
}

function signerOf(file: string): Signer {
  return parseSecretKey(readFileSync(file, "utf8"));
}
