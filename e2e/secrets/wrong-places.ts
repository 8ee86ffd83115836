/** SHELL. For tests: secrets that are nobody's, and every wrong place into which somebody may put one. */
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { Secret } from "./find-leaks.ts";
import type { prepareFleet } from "./secret-stage.ts";

type Fleet = Awaited<ReturnType<typeof prepareFleet>>;

/** Each as it would be by its form. */
export const strangers = {
  token: "chimera_Zq8Lw3Tn6Yb1Xc9Vd4Rf7Gh2Jk5Mp0Sa8Ui3Oe6Wy1Q",
  join: "chimera_join_Pq4Lw8Tn1Yb6Xc2Vd9Rf3Gh7Jk0Mp5Sa4Ui8Oe1Wy6Q",
  seed: "SUAPQ7XW2LZ5KM3VD6TR4YBN7HCJ2GF5SE3OI6UQ4WA7ZX2LP5KM3VD6TR",
  key: `ci-cache:${Buffer.alloc(64, "planted-signing-key-0123456789").toString("base64")}`,
  password: "url-Wd7Hn2Qk9Zs4Xr6Tb1Lm8",
};

export const strangersSecrets: Secret[] = Object.entries(strangers).map(([name, value]) => ({
  name: `planted ${name}`,
  value: name === "key" ? value.slice("ci-cache:".length, 51) : value,
}));

/** Files that were filled with secrets on purpose. */
export type Spoil = (name: string, text: string) => string;

export function agentFields(fleet: Fleet, home: string) {
  const { fleetId, trustedKeys }: { fleetId: string; trustedKeys: object } = JSON.parse(
    readFileSync(fleet.config, "utf8"),
  );
  return {
    node: "n1",
    fleetId,
    nats: { servers: [`nats://127.0.0.1:${fleet.ports.nats}`], seedFile: join(fleet.identity, "nats.seed") },
    controller: { url: fleet.url, tokenFile: join(fleet.identity, "token") },
    nodeKeyFile: join(fleet.identity, "node.key"),
    trustedKeys,
    nix: { trustedPublicKeys: [`c:${Buffer.alloc(32, 7).toString("base64")}`] },
    stateDir: join(home, "state"),
    runtimeDir: join(home, "run"),
    drift: { mode: "report" },
    logLevel: "debug",
  };
}

export function wrongAgentFiles(
  fleet: Fleet,
  fields: ReturnType<typeof agentFields>,
  spoil: Spoil,
): string[] {
  const { token, seed, key, password, join: joinText } = strangers;
  const { seedFile } = fields.nats;
  const changes: object[] = [
    { freshSeconds: token, logLevel: seed, execUser: password },
    { controller: { url: `http://anna:${password}@127.0.0.1:9`, tokenFile: "/none" } },
    { nats: { servers: [`nats://anna:${password}@127.0.0.1:9`], seedFile } },
    { nats: { servers: ["nats://127.0.0.1:9"], seedFile: spoil("key-for-seed", key) } },
    { nodeKeyFile: spoil("token-for-key", token) },
    { nix: { trustedPublicKeys: [key] } },
  ];
  return [
    spoil("a.json", token),
    spoil("b.json", seed),
    spoil("c.json", `{"node": ${key}}`),
    spoil("d.json", `{"node": "n1", "token": "${joinText}"`),
    spoil("e.json", `["${key}" "${token}"]`),
    ...changes.map((change, at) => spoil(`agent-${at}.json`, JSON.stringify({ ...fields, ...change }))),
  ];
}

export function wrongControllerFiles(fleet: Fleet, spoil: Spoil): string[] {
  const { token, seed, key, password, join: joinText } = strangers;
  const fields: object = JSON.parse(readFileSync(fleet.config, "utf8"));
  const servers = ["nats://127.0.0.1:9"];
  const changes: object[] = [
    { logLevel: token, fleetId: seed },
    { nats: { servers: [`nats://${password}@127.0.0.1:9`], seedFile: "/none" } },
    { tokensFile: spoil("token-for-tokens", token) },
    { freshKeyFile: spoil("seed-for-key", seed) },
    { nats: { servers, seedFile: spoil("key-for-nats-seed", key) } },
  ];
  return [
    spoil("f.json", token),
    spoil("g.json", `{"fleetId": ${seed}}`),
    spoil("h.json", `{"fleetId": "${joinText}", "tokens": {"x": "${token}"}`),
    ...changes.map((change, at) => spoil(`controller-${at}.json`, JSON.stringify({ ...fields, ...change }))),
  ];
}

export function wrongContexts({ context }: Fleet, spoil: Spoil): string[] {
  const { token, seed, key, password } = strangers;
  const set = (name: string, value: string) =>
    context.replace(new RegExp(`^${name}.*$`, "mu"), `${name} = ${JSON.stringify(value)}`);
  return [
    set("tokenFile", spoil("wrong.token", token)),
    set("publishKeyFile", spoil("wrong.key", seed)),
    set("controller", `https://anna:${password}@127.0.0.1:9`),
    set("tokenFile", token),
    `${context}\ntoken = ${token}\n`,
    `${context}\ntoken = "${token}"\n`,
    `token = "${key}\n${context}`,
  ];
}

interface Try {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

const put = (path: string, headers: Record<string, string>, body = "{}") => ({
  method: "PUT",
  path,
  headers,
  body,
});
const get = (path: string, headers: Record<string, string>) => ({ method: "GET", path, headers });

/** To a controller; `own` is a right token. */
export function wrongRequests(own: string): Try[] {
  const { token, seed, key, password, join: joinText } = strangers;
  const json = { Authorization: own, "Content-Type": "application/json" };
  const basic = `Basic ${Buffer.from(`nix:${token}`).toString("base64")}`;
  const narinfo = `StorePath: ${key}\nSig: ${key}\n${token}`;
  return [
    get("/v1/fleet", { Authorization: `Bearer ${token}` }),
    put("/v1/head", { Authorization: basic }),
    put("/v1/head", { Authorization: `Token ${token}` }),
    put(`/v1/head?token=${token}`, json, `{"a":"${key}"`),
    put("/v1/head", json, `{"envelope":"${key}"}`),
    put("/v1/head", { ...json, "Content-Type": joinText }, seed),
    put("/v1/head", { ...json, Origin: `https://anna:${password}@evil.example` }),
    put(`/v1/nodes/${token}/build`, json),
    put(`/cache/nar/${joinText}`, { Authorization: own }, seed),
    put(`/cache/${"a".repeat(32)}.narinfo`, { Authorization: own }, narinfo),
    put(`/cache/closure/${"a".repeat(64)}`, { Authorization: own }, `{"v":1,"entries":["${token}"]}`),
    put(`/v1/${joinText}`, { ...json, Cookie: `token=${token}`, Referer: `http://x/?t=${token}` }),
    get(`/${seed}`, { "User-Agent": token, "X-Forwarded-For": joinText, "X-Api-Key": key }),
    get("/v1/sessions/n1/x/attach", { "Sec-WebSocket-Protocol": `chimera.token.${token}` }),
  ];
}

/** Whatever comes of it. */
export function send(port: number, { method, path, headers, body }: Try): Promise<void> {
  return new Promise((resolve) => {
    const sent = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      answer.on("end", () => resolve()).resume();
    });
    sent.on("error", () => resolve());
    sent.end(body);
  });
}

/** Throws after so long, in whatever program imports it. */
export function writeCrash(home: string, afterMs: number): string {
  const path = join(home, "crash.mjs");
  writeFileSync(path, `setTimeout(() => { throw new Error("crash"); }, ${afterMs});\n`);
  return `--import=${path}`;
}
