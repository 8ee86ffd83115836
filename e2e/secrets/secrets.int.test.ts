/** Whatever goes right or wrong, no program writes a secret where somebody may read it: not to its output, a log, a state file or the audit log. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findLeaks, type Secret } from "./find-leaks.ts";
import {
  filesBelow,
  openSecretStage,
  planted,
  prepareFleet,
  secretsIn,
  type SecretStage,
} from "./secret-stage.ts";
import {
  agentFields,
  send,
  strangers,
  strangersSecrets,
  writeCrash,
  wrongAgentFiles,
  wrongContexts,
  wrongControllerFiles,
  wrongRequests,
} from "./wrong-places.ts";

const everySecret: Secret[] = [...planted, ...strangersSecrets];
const spoiled = new Set<string>();

let stage: SecretStage;
let fleet: Awaited<ReturnType<typeof prepareFleet>>;
beforeAll(async () => {
  stage = await openSecretStage();
  fleet = await prepareFleet(stage);
  everySecret.push(...secretsIn([join(fleet.dir, "keys"), fleet.identity]));
});
afterAll(() => stage.close());

const isSecretFile = (path: string) =>
  spoiled.has(path) || /\/dist\/|\/keys\/|\/identity\/|\/\.cache\//.test(path);

/** Of all that was said until now, and all files that are there. */
function leaks(): string[] {
  return findLeaks(everySecret, [...stage.heard, ...filesBelow(stage.home, isSecretFile)]);
}

function spoil(name: string, text: string): string {
  const path = join(stage.home, name);
  spoiled.add(path);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

test("there is something to find, and a leak of any of them would be found", () => {
  const names = everySecret.map(({ name }) => name);
  const known = [
    "publish.key",
    "cache.key",
    "admin.token",
    "controller.seed",
    "nats.seed",
    "node.key",
    "token",
  ];
  expect(names).toEqual(expect.arrayContaining(known));
  const path = join(stage.home, "leak.txt");
  for (const { name, value } of everySecret) {
    expect([name, value.length]).toEqual([name, expect.toSatisfy((length) => Number(length) > 20)]);
    // In a file that a program left, and in what it said, without its beginning.
    writeFileSync(path, `{"msg":"refused","token":"${value.slice(2, 30)}"}`);
    expect(leaks()).toContain(`${name} in leak.txt`);
    writeFileSync(path, "");
    stage.heard.push({ from: "somebody", text: Buffer.from(`nix:${value}`).toString("base64") });
    expect(leaks()).toContain(`${name} in somebody`);
    stage.heard.pop();
  }
  expect(leaks()).toEqual([]);
});

test("an agent that works, one that is killed, one whose token is refused, one that crashes", async () => {
  const fields = agentFields(fleet, stage.home);
  const args = ["run", "--config", spoil("agent.json", JSON.stringify(fields))];
  const agent = stage.begin({ name: "agent", program: "agent", args });
  await delay(4000);
  agent.kill("SIGKILL");
  await agent;
  const controller = { url: fleet.url, tokenFile: spoil("wrong.token", strangers.token) };
  const refused = ["run", "--config", spoil("refused.json", JSON.stringify({ ...fields, controller }))];
  await stage.call({ name: "agent with a wrong token", program: "agent", args: refused }, 4000);
  const crashing = { NODE_OPTIONS: writeCrash(stage.home, 2500) };
  const crashed = stage.begin({ name: "agent that crashes", program: "agent", args, env: crashing });
  expect((await crashed).all).toContain("crash");
  expect(leaks()).toEqual([]);
});

test("an agent whose files are wrong, with a secret in every wrong place", async () => {
  const files = wrongAgentFiles(fleet, agentFields(fleet, stage.home), spoil);
  for (const file of files) {
    const args = ["run", "--config", file];
    await stage.call({ name: `agent of ${file}`, program: "agent", args }, 4000);
  }
  expect(leaks()).toEqual([]);
});

/** Beside the first controller: it tells everything that it can tell. */
async function startVerbose(name: string, env: Record<string, string> = {}) {
  const { beside: port } = fleet.ports;
  const config: object = JSON.parse(readFileSync(fleet.config, "utf8"));
  const changed = { ...config, logLevel: "debug", listen: { host: "127.0.0.1", port } };
  const args = ["serve", "--config", spoil("verbose.json", JSON.stringify(changed))];
  const child = stage.begin({ name, program: "controller", args, env });
  await delay(2500);
  return { child, port };
}

const ownToken = () => `Bearer ${readFileSync(join(fleet.dir, "keys/admin.token"), "utf8").trim()}`;

test("a controller that is asked with wrong tokens, in every header, in addresses and in bodies", async () => {
  const { child, port } = await startVerbose("controller serve");
  for (const one of wrongRequests(ownToken())) await send(port, one);
  const guess = { method: "GET", path: "/v1/fleet", headers: { Authorization: `Bearer ${strangers.token}` } };
  await Promise.all(Array.from({ length: 40 }, () => send(port, guess)));
  child.kill("SIGTERM");
  const { all } = await child;
  expect(all).toContain("write refused");
  expect(all).toContain("too-many-requests");
  expect(leaks()).toEqual([]);
});

test("a controller that crashes, whose files are broken while it runs, and whose configuration is wrong", async () => {
  const { child } = await startVerbose("controller that crashes", {
    NODE_OPTIONS: writeCrash(stage.home, 5000),
  });
  const tokensFile = join(fleet.dir, "tokens.json");
  const good = readFileSync(tokensFile, "utf8");
  writeFileSync(tokensFile, `${strangers.token} is the new one`);
  await delay(1100);
  await fetch(`${fleet.url}/v1/fleet`, { headers: { Authorization: ownToken() } });
  writeFileSync(tokensFile, good);
  expect((await child).all).toContain("crash");
  for (const file of wrongControllerFiles(fleet, spoil)) {
    const serve = ["serve", "--config", file];
    await stage.call({ name: `serve of ${file}`, program: "controller", args: serve }, 4000);
    const list = ["token", "list", "--config", file];
    await stage.call({ name: `token list of ${file}`, program: "controller", args: list });
  }
  expect(leaks()).toEqual([]);
});

test("an operator who does all right, uses a wrong token, and mixes up his files", async () => {
  const chimera = (...args: string[]) =>
    stage.call({ name: `chimera ${args.join(" ")}`, program: "chimera", args });
  const looks = [["status"], ["audit", "--json"], ["audit", "--since", "1d"], ["keys", "list", "--json"]];
  for (const look of looks) expect([look, (await chimera(...look)).code]).toEqual([look, 0]);
  const own = join(stage.home, "own/keys");
  const init = ["init", "--name", "own", "--controller", fleet.url, "--dir", own];
  expect((await chimera(...init, "--token-file", join(fleet.dir, "keys/admin.token"))).code).toBe(0);
  everySecret.push(...secretsIn([own]));
  const config = join(stage.home, ".config/chimera/config.toml");
  for (const context of wrongContexts(fleet, spoil)) {
    spoiled.add(config);
    writeFileSync(config, context);
    for (const args of [
      ["status"],
      ["status", "--json"],
      ["rollback", "--reason", "none"],
      ["keys", "list"],
    ]) {
      await chimera(...args);
    }
  }
  expect(leaks()).toEqual([]);
});

test("what all of them said until their end, what they left, and the audit log", async () => {
  await stage.endAll();
  const from = stage.heard.map((one) => one.from);
  expect(from).toEqual(
    expect.arrayContaining(["controller dev", "agent", "controller serve", "chimera status"]),
  );
  const stored = filesBelow(join(fleet.dir, "jetstream"), () => false).map(({ text }) => text);
  expect(stored.join("")).toContain("token-invalid");
  expect(leaks()).toEqual([]);
});
