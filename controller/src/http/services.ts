/** SHELL. What the routes work with, made once in serve.ts. */
import type { HttpBindings } from "@hono/node-server";
import type { Log } from "@chimera/proto/log";
import type { CacheStore } from "../cache/cache-store.ts";
import type { ClosureStore } from "../cache/closure-store.ts";
import type { WaveStore } from "../cache/wave-store.ts";
import type { WorldStore } from "../cache/world-store.ts";
import type { ControllerConfig } from "../config.ts";
import type { NodeFile } from "../files/node-file.ts";
import type { NodeIssuer } from "../files/node-issuer.ts";
import type { StoredToken } from "../files/token-file.ts";
import type { FleetStore } from "../store/fleet-store.ts";
import type { AskLimits } from "./ask-limits.ts";
import type { Act } from "./audited.ts";
import type { Metrics } from "./metrics.ts";

export interface Services {
  config: ControllerConfig;
  log: Log;
  store: FleetStore;
  natsConnected: () => boolean;
  cache: CacheStore;
  closures: ClosureStore;
  worlds: WorldStore;
  waves: WaveStore;
  nodes: () => NodeFile["nodes"];
  /** Null where nats-server knows its users by a list, or another makes passes. */
  issuer: NodeIssuer | null;
  findToken: (token: string, nowMs: number) => StoredToken | undefined;
  asks: AskLimits;
  version: string;
  metrics: Metrics;
}

export interface Env {
  Bindings: HttpBindings;
  Variables: { caller: StoredToken; act: Act };
}
