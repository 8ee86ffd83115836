import { expect, test } from "vitest";
import type { ControllerFacts, FileFacts, OperatorFacts } from "../facts.ts";
import type { Found } from "./found.ts";
import { judgeControllerHost } from "./judge-controller-host.ts";
import { judgeOperator } from "./judge-operator.ts";

const nowMs = Date.parse("2026-11-30T12:00:00Z");
const file = (path: string, change: Partial<FileFacts> = {}): FileFacts => ({
  path,
  kind: "file",
  mode: 0o600,
  uid: 990,
  ...change,
});
const answers = {
  url: "http://127.0.0.1:7070",
  status: 200,
  reason: "",
  offsetMs: 0,
  version: null,
  certificateEndMs: null,
  hasToken: false,
};
const server = {
  server: "nats://127.0.0.1:4222",
  info: { version: "2.15.1", jetstream: true, tls: false },
  reason: "",
  isLocal: true,
  certificateEndMs: null,
};
const unit = {
  LoadState: "loaded",
  ActiveState: "active",
  NoNewPrivileges: "yes",
  PrivateDevices: "yes",
  PrivateTmp: "yes",
  ProtectHome: "yes",
  ProtectSystem: "strict",
  RestrictNamespaces: "yes",
  CapabilityBoundingSet: "",
  User: "chimera-controller",
};
const machine = { nowMs, isRoot: true, cliVersion: "1.0", clock: { synchronized: true } };

const hub: ControllerFacts = {
  ...machine,
  configFile: "/etc/chimera/controller.json",
  configProblem: null,
  unit,
  secrets: [{ purpose: "token file", file: file("/var/lib/chimera-controller/tokens.json") }],
  ownerUid: 990,
  tokens: { count: 3, usable: 2, endless: 0 },
  pass: null,
  nats: [server],
  natsSync: "always",
  ready: answers,
  space: [{ path: "/cache", freeBytes: 8e9, reserveBytes: 2e9 }],
  hasFreshKey: true,
};

const notOk = (found: Found[]) =>
  found.flatMap(({ check, level, what }) => (level === "ok" ? [] : [`${level} ${check}: ${what}`]));

test("a healthy hub has nothing to be told", () => {
  expect(notOk(judgeControllerHost(hub))).toEqual([]);
});

const hubRows: [string, Partial<ControllerFacts>, string[]][] = [
  [
    "tokens of another user",
    { secrets: [{ purpose: "token file", file: file("/t", { uid: 1000 }) }] },
    ["fail secret-file: the token file belongs to user 1000"],
  ],
  [
    "tokens for all to read",
    { secrets: [{ purpose: "token file", file: file("/t", { mode: 0o604 }) }] },
    ["fail secret-file: others may read the token file: its mode is 0604"],
  ],
  ["a seed that root keeps", { secrets: [{ purpose: "nkey seed", file: file("/s", { uid: 0 }) }] }, []],
  [
    "tokens without an end",
    { tokens: { count: 3, usable: 2, endless: 1 } },
    ["warn tokens: 1 of 2 tokens never end"],
  ],
  [
    "no token that counts",
    { tokens: { count: 3, usable: 0, endless: 0 } },
    ["fail tokens: there is no token that counts"],
  ],
  ["broken tokens", { tokens: "not JSON" }, ["fail tokens: the token file cannot be read: not JSON"]],
  ["no online key", { hasFreshKey: false }, ["warn fresh-key: no freshKeyFile is set"]],
  [
    "a nats-server that syncs now and then",
    { natsSync: "" },
    ["fail jetstream-sync: sync_interval is not set: every two minutes"],
  ],
  ["a nats-server that syncs every minute", { natsSync: "1m" }, ["fail jetstream-sync: sync_interval is 1m"]],
  ["a nats-server elsewhere", { natsSync: null }, []],
  [
    "a controller that is not ready",
    { ready: { ...answers, status: 503 } },
    ["fail controller: it answers HTTP 503"],
  ],
  [
    "a controller that runs as root with all rights",
    { unit: { ...unit, User: "root", CapabilityBoundingSet: "cap_sys_admin", ProtectSystem: "no" } },
    ["warn unit-settings: less is taken from it than could be: ProtectSystem, CapabilityBoundingSet, User"],
  ],
  [
    "a full cache",
    { space: [{ path: "/cache", freeBytes: 1 << 20, reserveBytes: 2 ** 31 }] },
    ["fail space: 1 MiB are free, 2048 MiB are to stay so"],
  ],
  [
    "no configuration",
    {
      configProblem: "it is not there",
      tokens: null,
      hasFreshKey: null,
      ready: null,
      nats: [],
      secrets: [],
      space: [],
    },
    ["fail configuration: the configuration: it is not there"],
  ],
];

test.each(hubRows)("on a hub it finds %s", (_, change, found) => {
  expect(notOk(judgeControllerHost({ ...hub, ...change }))).toEqual(found);
});

const mine = (path: string, change: Partial<FileFacts> = {}) => file(path, { uid: 1000, ...change });
const operator: OperatorFacts = {
  ...machine,
  isRoot: false,
  contextFile: mine("/home/a/.config/chimera/config.toml", { mode: 0o644 }),
  context: { name: "prod" },
  secrets: [{ purpose: "publish key", file: mine("/k"), problem: null }],
  project: { path: "/p/chimera.toml", problem: null },
  tools: [{ name: "nix", said: "nix 2.34", isNeeded: true, why: "it builds" }],
  controller: { ...answers, url: "https://hub", version: "1.0", hasToken: true },
};

test("an operator's machine that is well has nothing to be told", () => {
  expect(notOk(judgeOperator(operator, 1000))).toEqual([]);
});

const operatorRows: [string, Partial<OperatorFacts>, string[]][] = [
  ["no context", { context: { problem: "no context" }, controller: null }, ["fail context: no context"]],
  [
    "a context that others may write",
    { contextFile: mine("/c", { mode: 0o666 }) },
    ["fail context: others may write to it"],
  ],
  [
    "a key for a group",
    { secrets: [{ purpose: "order key", file: mine("/k", { mode: 0o640 }), problem: "mode" }] },
    ["fail secret-file: others may read the order key: its mode is 0640"],
  ],
  [
    "a key of somebody else",
    { secrets: [{ purpose: "order key", file: mine("/k", { uid: 0 }), problem: null }] },
    ["fail secret-file: the order key belongs to user 0"],
  ],
  [
    "a file that holds no key",
    { secrets: [{ purpose: "order key", file: mine("/k"), problem: "no key" }] },
    ["fail secret-file: it holds no order key"],
  ],
  [
    "a root key that lies about",
    { secrets: [{ purpose: "root key", file: mine("/r"), problem: null }] },
    ["warn root-key: the root key lies on this machine"],
  ],
  [
    "a root key on a stick",
    { secrets: [{ purpose: "root key", file: mine("/r", { kind: "missing" }), problem: "gone" }] },
    [],
  ],
  [
    "a wrong project",
    { project: { path: "/p/chimera.toml", problem: "nodes: wrong" } },
    ["fail project: nodes: wrong"],
  ],
  ["no project", { project: null }, []],
  [
    "no nix",
    { tools: [{ name: "nix", said: null, isNeeded: true, why: "it builds" }] },
    ["fail tool: nix is not on PATH"],
  ],
  [
    "no tmux",
    { tools: [{ name: "tmux", said: null, isNeeded: false, why: "runs" }] },
    ["warn tool: tmux is not on PATH"],
  ],
  ["another version", { cliVersion: "0.9" }, ["warn version: chimera here is 0.9, the controller is 1.0"]],
];

test.each(operatorRows)("on an operator's machine it finds %s", (_, change, found) => {
  expect(notOk(judgeOperator({ ...operator, ...change }, 1000))).toEqual(found);
});
