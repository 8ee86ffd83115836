/** SHELL. Prometheus figures of one controller; each controller has its own registry. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

export interface Metrics {
  registry: Registry;
  request(labels: { method: string; route: string; status: string }, seconds: number): void;
  cacheRead(kind: "narinfo" | "nar" | "closure", bytes: number | undefined): void;
  cacheWritten(kind: "narinfo" | "nar" | "closure"): void;
}

export interface MetricSources {
  natsConnected: () => boolean;
  headSerial: () => number;
  /** The newest known. */
  keySet: () => { version: number; expires: string };
  /** Number of nodes by state word; "silent" never reported. */
  nodesByState: () => Map<string, number>;
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: "chimera_http_request_duration_seconds",
    help: "Time to answer a request.",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers,
  });
  const reads = new Counter({
    name: "chimera_cache_reads_total",
    help: "Reads of the binary cache.",
    labelNames: ["kind", "result"],
    registers,
  });
  const bytes = new Counter({
    name: "chimera_cache_sent_bytes_total",
    help: "Bytes sent by the binary cache.",
    labelNames: ["kind"],
    registers,
  });
  const writes = new Counter({
    name: "chimera_cache_writes_total",
    help: "Accepted uploads to the binary cache.",
    labelNames: ["kind"],
    registers,
  });
  for (const gauge of fleetGauges(sources)) registry.registerMetric(gauge);
  return {
    registry,
    request: (labels, seconds) => duration.observe(labels, seconds),
    cacheRead: (kind, sent) => {
      reads.inc({ kind, result: sent === undefined ? "miss" : "hit" });
      if (sent !== undefined) bytes.inc({ kind }, sent);
    },
    cacheWritten: (kind) => writes.inc({ kind }),
  };
}

function fleetGauges({ natsConnected, headSerial, keySet, nodesByState }: MetricSources): Gauge[] {
  // Registered by the caller, not in prom-client's own registry of the process.
  const registers: Registry[] = [];
  return [
    new Gauge({
      name: "chimera_nats_connected",
      help: "1 while the controller is connected to NATS.",
      registers,
      collect() {
        this.set(natsConnected() ? 1 : 0);
      },
    }),
    new Gauge({
      name: "chimera_head_serial",
      help: "Serial of the newest head when heads were last read; 0 before the first.",
      registers,
      collect() {
        this.set(headSerial());
      },
    }),
    ...keyGauges(keySet),
    new Gauge({
      name: "chimera_nodes",
      help: "Nodes by the state they report.",
      labelNames: ["state"],
      registers,
      collect() {
        this.reset();
        for (const [state, count] of nodesByState()) this.set({ state }, count);
      },
    }),
  ];
}

function keyGauges(keySet: MetricSources["keySet"]): Gauge[] {
  const registers: Registry[] = [];
  return [
    new Gauge({
      name: "chimera_key_set_version",
      help: "Version of the newest key set.",
      registers,
      collect() {
        this.set(keySet().version);
      },
    }),
    new Gauge({
      name: "chimera_key_set_expires_timestamp_seconds",
      help: "When the newest key set expires, in Unix seconds: from then on nodes take no head.",
      registers,
      collect() {
        this.set(Date.parse(keySet().expires) / 1000);
      },
    }),
  ];
}
