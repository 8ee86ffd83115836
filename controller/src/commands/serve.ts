/** SHELL. Wiring of a running controller: everything is made here and passed on. */
import type { Log } from "@chimera/proto/log";
import { freshEveryMs as everyFiveMinutes } from "@chimera/proto/signed/fresh";
import type { NodeName } from "@chimera/proto/names";
import { openCacheStore } from "../cache/cache-store.ts";
import { openClosureStore } from "../cache/closure-store.ts";
import { openWaveStore } from "../cache/wave-store.ts";
import { openWorldStore } from "../cache/world-store.ts";
import type { ControllerConfig } from "../config.ts";
import { readFreshKey } from "../files/fresh-key.ts";
import { NodeFile, noNodes } from "../files/node-file.ts";
import { readNodeIssuer } from "../files/node-issuer.ts";
import { reloadedFile } from "../files/reloaded-file.ts";
import { noTokens, TokenFile, tokenFinder } from "../files/token-file.ts";
import { createApp } from "../http/app.ts";
import { createAskLimits } from "../http/ask-limits.ts";
import { listen } from "../http/listen.ts";
import { createMetrics, type Metrics } from "../http/metrics.ts";
import type { Services } from "../http/services.ts";
import { openNats, type NatsLink } from "../store/connection.ts";
import { createFleetStore, type FleetStore } from "../store/fleet-store.ts";

export interface Controller {
  port: number;
  ready(): boolean;
  close(): Promise<void>;
}

interface Surroundings {
  freshEveryMs?: number;
  version?: string;
}

/** Serves at once; NATS is connected to in the background, and /readyz says when it is there. */
export async function startController(
  config: ControllerConfig,
  log: Log,
  around: Surroundings = {},
): Promise<Controller> {
  const { app, store, close: closeStore } = openApp(config, log, around);
  const server = await listen(app, config.listen).catch(async (error: unknown) => {
    await closeStore();
    throw error;
  });
  const { port } = server;
  log.info({ host: config.listen.host, port }, "controller started");
  async function close() {
    await server.close();
    await closeStore();
    log.info({}, "controller stopped");
  }
  return { port, ready: () => store.ready(), close };
}

/** All that answers, before it listens: also for who wants to know which routes there are. */
export function openApp(config: ControllerConfig, log: Log, around: Surroundings) {
  const { services, link } = openServices(config, log, around);
  const { store } = services;
  async function close() {
    store.upkeep.close();
    store.pacer.close();
    await store.audit.close();
    await link.close();
  }
  return { app: createApp(services), store, close };
}

function openServices(
  config: ControllerConfig,
  log: Log,
  { freshEveryMs = everyFiveMinutes, version = "" }: Surroundings,
) {
  const tokens = reloadedFile({ path: config.tokensFile, schema: TokenFile, missing: noTokens, log });
  const nodeFile = reloadedFile({ path: config.nodesFile, schema: NodeFile, missing: noNodes, log });
  const nodes = () => nodeFile.current().nodes;
  warnWithoutTokens(tokens.current(), config, log);
  const signer = readFreshKey(config.freshKeyFile, process.env["CREDENTIALS_DIRECTORY"]);
  const issuer = readNodeIssuer(config, process.env["CREDENTIALS_DIRECTORY"]);
  const cache = openCacheStore(config.cacheDir, config.limits);
  const link = openNats({ ...config.nats, log: log.child({ component: "nats" }) });
  const nodeKey = (node: NodeName) => nodes()[node]?.nodeKey;
  const storeLog = log.child({ component: "store" });
  const store = createFleetStore({ config, link, nodeKey, signer, freshEveryMs, log: storeLog });
  const services: Services = {
    config,
    log: log.child({ component: "http" }),
    store,
    natsConnected: () => link.connected(),
    cache,
    closures: openClosureStore(config.cacheDir, config.limits.closureBytes),
    worlds: openWorldStore(config.cacheDir),
    waves: openWaveStore(config.cacheDir),
    nodes,
    issuer,
    findToken: tokenFinder(tokens),
    asks: createAskLimits(config.limits),
    version,
    metrics: fleetMetrics(store, nodes, link),
  };
  return { services, link };
}

function fleetMetrics(store: FleetStore, nodes: Services["nodes"], link: NatsLink): Metrics {
  return createMetrics({
    natsConnected: () => link.connected(),
    headSerial: () => store.documents.newestSerial(),
    keySet: () => store.keys.current().newest.set,
    nodesByState: () =>
      countBy(store.projection.list(nodes()).map(({ status }) => status?.state ?? "silent")),
  });
}

function warnWithoutTokens({ tokens }: TokenFile, { tokensFile }: ControllerConfig, log: Log): void {
  if (tokens.length === 0) log.warn({ path: tokensFile }, "no tokens: nobody may do anything");
}

function countBy(words: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
