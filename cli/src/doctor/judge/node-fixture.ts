/** PURE. For tests: a node with which all is well, and what is not well where something of it is another. */
import type { FileFacts, NodeFacts } from "../facts.ts";
import { judgeNode } from "./judge-node.ts";

export const nowMs = Date.parse("2026-11-30T12:00:00Z");
export const day = 86_400_000;
const gib = 1 << 30;

export const secret = (path: string, change: Partial<FileFacts> = {}) => ({
  purpose: "nkey seed",
  file: { path, kind: "file" as const, mode: 0o600, uid: 0, ...change },
});
export const folder = (path: string, change: Partial<FileFacts> = {}) => ({
  path,
  kind: "folder" as const,
  mode: 0o700,
  uid: 0,
  ...change,
});
export const running = { LoadState: "loaded", ActiveState: "active", SubState: "running", Result: "success" };
export const server = {
  server: "nats://127.0.0.1:4222",
  info: { version: "2.15.1", jetstream: true, tls: false },
  reason: "",
  isLocal: true,
  certificateEndMs: null,
};
export const controller = {
  url: "https://hub:7070",
  status: 200,
  reason: "",
  offsetMs: 200,
  version: "1.0",
  certificateEndMs: nowMs + 90 * day,
  hasToken: true,
};

export const healthy: NodeFacts = {
  nowMs,
  isRoot: true,
  cliVersion: "1.0",
  clock: { synchronized: true },
  configFile: "/etc/chimera/agent.json",
  configProblem: null,
  agent: { version: "1.0", state: "committed", problem: null },
  agentReason: "",
  units: {
    sentinel: { ...running, Restart: "always", KillMode: "mixed", RuntimeDirectoryMode: "0700" },
    watchdog: running,
    recover: { ...running, ActiveState: "inactive" },
    blessBoot: { LoadState: "loaded" },
  },
  secrets: [secret("/var/lib/chimera/identity/nats.seed")],
  folders: [folder("/var/lib/chimera"), folder("/run/chimera")],
  keySet: { version: 2, expiresMs: nowMs + 200 * day },
  pass: { path: "/var/lib/chimera/identity/nats.pass", issuedMs: nowMs - day, expiresMs: nowMs + day },
  nats: [server],
  natsHeld: true,
  controller,
  space: [{ path: "/nix/store", freeBytes: 40 * gib, reserveBytes: 512 << 20 }],
  boot: { loader: true, reboots: "window", acceptUnprotected: false },
  inotify: { maxWatches: 524_288, maxQueued: 65_536, held: 1200 },
};

export const notOk = (facts: NodeFacts) =>
  judgeNode(facts).flatMap(({ check, level, what }) =>
    level === "ok" ? [] : [`${level} ${check}: ${what}`],
  );
