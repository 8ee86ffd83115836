/** SHELL. All that is to be known of a controller's machine, gathered on it. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import type { Io } from "../../io.ts";
import type { ControllerFacts } from "../facts.ts";
import { listensOn } from "./process-facts.ts";
import { fileFacts, readJson, readSmall, spaceFacts } from "./file-facts.ts";
import { machineFacts, unitFacts } from "./machine-facts.ts";
import { passFacts } from "./pass-facts.ts";
import { probeHttp } from "./probe-http.ts";
import { addressOf, probeNats } from "./probe-nats.ts";

const unit = "chimera-controller.service";
/** Below it an upload of a system is likely to fail. */
const cacheReserveMb = 2048;

/** What is needed of it here; the controller itself judges the rest. */
const ControllerFile = z.object({
  listen: z.object({ host: z.string(), port: z.int() }).default({ host: "127.0.0.1", port: 7070 }),
  nats: z.object({
    servers: z.array(z.url().max(256)).max(16),
    seedFile: z.string(),
    passFile: z.string().optional(),
    nodeIssuerFile: z.string().optional(),
  }),
  cacheDir: z.string(),
  tokensFile: z.string(),
  freshKeyFile: z.string().optional(),
});
type ControllerFile = z.infer<typeof ControllerFile>;

const TokenFile = z.object({
  tokens: z.array(z.object({ expiresAt: z.string().nullable(), revokedAt: z.string().optional() })),
});

export async function gatherController(io: Io, configFile: string): Promise<ControllerFacts> {
  const read = await readJson(configFile, ControllerFile);
  return {
    ...(await machineFacts(io)),
    ...("value" in read ? await ofConfig(io, read.value) : withoutConfig),
    configFile,
    configProblem: "problem" in read ? read.problem : null,
    unit: await unitFacts(io, unit),
  };
}

type OfConfig = Pick<
  ControllerFacts,
  "secrets" | "ownerUid" | "pass" | "tokens" | "nats" | "natsSync" | "ready" | "space" | "hasFreshKey"
>;

const withoutConfig: OfConfig = {
  secrets: [],
  ownerUid: null,
  tokens: null,
  pass: null,
  nats: [],
  natsSync: null,
  ready: null,
  space: [],
  hasFreshKey: null,
};

async function ofConfig(io: Io, config: ControllerFile): Promise<OfConfig> {
  const cache = await fileFacts(config.cacheDir);
  const files = secretFiles(config);
  return {
    secrets: await Promise.all(
      files.map(async ({ purpose, path }) => ({ purpose, file: await fileFacts(path) })),
    ),
    // It writes there: so its own user owns it.
    ownerUid: cache.kind === "folder" ? cache.uid : null,
    tokens: await tokensOf(config.tokensFile, io.nowMs()),
    pass: await passFacts(config.nats.passFile),
    nats: await Promise.all(config.nats.servers.map(probeNats)),
    natsSync: await natsSync(config.nats.servers.map((server) => addressOf(server).port)),
    ready: await probeHttp({ url: urlOf(config), path: "/readyz", token: undefined, nowMs: io.nowMs }),
    space: [await spaceFacts(config.cacheDir, cacheReserveMb)],
    hasFreshKey: config.freshKeyFile !== undefined,
  };
}

function secretFiles({ nats, tokensFile, freshKeyFile }: ControllerFile) {
  return [
    { purpose: "nkey seed", path: nats.seedFile },
    { purpose: "token file", path: tokensFile },
    ...(freshKeyFile === undefined ? [] : [{ purpose: "online key", path: freshKeyFile }]),
    ...(nats.nodeIssuerFile === undefined ? [] : [{ purpose: "issuer of nodes", path: nats.nodeIssuerFile }]),
  ];
}

function urlOf({ listen: { host, port } }: ControllerFile): string {
  const own = { "0.0.0.0": "127.0.0.1", "::": "[::1]" }[host] ?? (host.includes(":") ? `[${host}]` : host);
  return `http://${own}:${port}`;
}

async function tokensOf(path: string, nowMs: number): Promise<ControllerFacts["tokens"]> {
  const read = await readJson(path, TokenFile);
  if ("problem" in read) return read.problem;
  const { tokens } = read.value;
  const usable = tokens.filter(
    ({ expiresAt, revokedAt }) =>
      revokedAt === undefined && (expiresAt === null || Date.parse(expiresAt) > nowMs),
  );
  const endless = usable.filter(({ expiresAt }) => expiresAt === null);
  return { count: tokens.length, usable: usable.length, endless: endless.length };
}

/** Of the nats-server that listens here on one of these ports, from the configuration that it was started with. */
async function natsSync(ports: readonly number[]): Promise<string | null> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  for (const pid of pids) {
    const words = ((await readSmall(`/proc/${pid}/cmdline`)) ?? "").split("\0");
    if (basename(words[0] ?? "") !== "nats-server") continue;
    if ((await listensOn(Number(pid), ports)) !== true) continue;
    const text = await readSmall(configOf(words, pid));
    if (text !== null) return syncOf(text);
  }
  return null;
}

/** Empty where it says nothing of it. */
function syncOf(text: string): string {
  const said = text.replaceAll(/#.*$/gmu, "");
  return /(?<=^|[\s{,])"?sync_interval"?\s*[:=]?\s*"?(\w+)/mu.exec(said)?.[1] ?? "";
}

/** Relative to where it was started; of one that was started without a configuration there is no such file. */
function configOf(words: readonly string[], pid: string): string {
  const at = words.findIndex((word) => /^--?c(?:onfig)?$/u.test(word));
  const joined = words.find((word) => /^--?c(?:onfig)?=/u.test(word));
  const named =
    joined === undefined ? words[at < 0 ? words.length : at + 1] : joined.slice(joined.indexOf("=") + 1);
  const file = named ?? "";
  return file.startsWith("/") ? file : join(`/proc/${pid}/cwd`, file);
}
