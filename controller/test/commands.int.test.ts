import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey } from "@chimera/proto/signed/keys";
import { generateNkey } from "@chimera/proto/nkey";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, freePort, natsServerProgram } from "./fixture/nats-server.ts";
import { fleetId, keySet1 } from "./fixture/test-keys.ts";

const main = join(import.meta.dirname, "..", "src", "main.ts");
let directory: string;
let config: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "chimera-commands-"));
  config = join(directory, "controller.json");
  writeFileSync(join(directory, "nats.seed"), generateNkey().seed);
  writeFileSync(config, JSON.stringify(makeConfig()));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function makeConfig(extra: object = {}) {
  return {
    fleetId,
    nats: { servers: ["nats://127.0.0.1:4222"], seedFile: join(directory, "nats.seed") },
    cacheDir: join(directory, "cache"),
    tokensFile: join(directory, "tokens.json"),
    nodesFile: join(directory, "nodes.json"),
    trustedKeys: keySet1,
    ...extra,
  };
}

function run(...args: string[]) {
  return execa(process.execPath, [main, ...args], { reject: false });
}

test("names an unknown configuration key and its file, and exits with 78", async () => {
  const file = join(directory, "misspelt.json");
  writeFileSync(file, JSON.stringify(makeConfig({ tokenFile: "/x", limits: { narByte: 1 } })));
  const { exitCode, stderr, stdout } = await run("serve", "--config", file);
  expect([exitCode, stdout]).toEqual([78, ""]);
  expect(stderr).toContain(file);
  expect(stderr).toContain("tokenFile: unknown key");
  expect(stderr).toContain("limits.narByte: unknown key");
  expect(stderr.split("\n")).toHaveLength(1);
});

test("names a missing configuration file and a missing seed file, and exits with 66", async () => {
  const missing = await run("serve", "--config", join(directory, "none.json"));
  expect([missing.exitCode, missing.stderr]).toEqual([66, expect.stringContaining("none.json")]);
  const file = join(directory, "no-seed.json");
  writeFileSync(
    file,
    JSON.stringify(makeConfig({ nats: { servers: ["x"], seedFile: "/nonexistent/seed" } })),
  );
  const seed = await run("nats-config", "--config", file);
  expect([seed.exitCode, seed.stderr]).toEqual([
    66,
    expect.stringContaining("nats.seedFile /nonexistent/seed"),
  ]);
});

test("ends at once, with 78, when its port is taken", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  const port = typeof address === "object" ? address?.port : 0;
  const file = join(directory, "taken.json");
  writeFileSync(file, JSON.stringify(makeConfig({ listen: { host: "127.0.0.1", port } })));
  const { exitCode, stderr } = await execa(process.execPath, [main, "serve", "--config", file], {
    reject: false,
    timeout: 20_000,
  });
  taken.close();
  expect([exitCode, stderr]).toEqual([78, expect.stringContaining("EADDRINUSE")]);
});

test("ends within seconds of a SIGTERM while NATS cannot be reached", async () => {
  const file = join(directory, "no-nats.json");
  const listen = { host: "127.0.0.1", port: await freePort() };
  const nats = { servers: ["nats://127.0.0.1:9"], seedFile: join(directory, "nats.seed") };
  writeFileSync(file, JSON.stringify(makeConfig({ listen, nats })));
  const child = execa(process.execPath, [main, "serve", "--config", file], { reject: false });
  await eventually("listening", async () =>
    fetch(`http://127.0.0.1:${listen.port}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  const asked = performance.now();
  const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
  child.kill("SIGTERM");
  const { exitCode } = await child;
  clearTimeout(patience);
  expect([exitCode, performance.now() - asked < 10_000]).toEqual([0, true]);
});

test("exits with 64 for wrong usage and with 0 for help with examples", async () => {
  expect((await run("serve", "--nonsense")).exitCode).toBe(64);
  expect((await run("token", "create", "--config", config, "--role", "king")).exitCode).toBe(64);
  const orphan = await run("token", "create", "--config", config, "--role", "node");
  expect([orphan.exitCode, orphan.stderr]).toEqual([64, expect.stringContaining("node")]);
  const help = await run("token", "create", "--help");
  expect([help.exitCode, help.stdout]).toEqual([0, expect.stringContaining("Examples:")]);
});

test("prints a token once, keeps only its hash, lists and revokes it", async () => {
  const { stdout: token } = await run(
    "token",
    "create",
    "--config",
    config,
    "--role",
    "viewer",
    "--expires",
    "30d",
  );
  expect(token).toMatch(/^chimera_[\w-]{43}$/);
  expect(readFileSync(join(directory, "tokens.json"), "utf8")).not.toContain(token.slice(8));
  const { tokens } = JSON.parse((await run("token", "list", "--config", config, "--json")).stdout);
  expect(tokens[0]).toMatchObject({ role: "viewer", name: "viewer" });
  expect(tokens[0].sha256).toBeUndefined();
  expect((await run("token", "revoke", tokens[0].id, "--config", config)).exitCode).toBe(0);
  expect((await run("token", "revoke", "00000000", "--config", config)).exitCode).toBe(66);
});

test("adds nodes at the same time without losing one, and refuses a malformed one by its field", async () => {
  const names = ["a", "b", "c", "d"];
  const added = await Promise.all(
    names.map((node) =>
      run(
        "node",
        "add",
        "--config",
        config,
        "--node",
        node,
        "--nkey",
        generateNkey().publicKey,
        "--node-key",
        generateKey(node).public,
      ),
    ),
  );
  expect(added.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  const { nodes } = JSON.parse((await run("node", "list", "--config", config, "--json")).stdout);
  expect(Object.keys(nodes).toSorted()).toEqual(names);
  const { publicKey } = generateNkey();
  const anna = await run("operator", "add", "--config", config, "--operator", "anna", "--nkey", publicKey);
  expect(anna).toMatchObject({ exitCode: 0, stdout: "anna added" });
  expect(JSON.parse((await run("operator", "list", "--config", config, "--json")).stdout)).toEqual({
    operators: { anna: { nkey: publicKey } },
  });
  const twice = await run("operator", "add", "--config", config, "--operator", "b", "--nkey", publicKey);
  expect(twice).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("share one nkey") });
  const remove = () => run("operator", "remove", "--config", config, "--operator", "anna");
  expect(await remove()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("anna removed") });
  expect(JSON.parse((await run("operator", "list", "--config", config, "--json")).stdout)).toEqual({
    operators: {},
  });
  expect(await remove()).toMatchObject({
    exitCode: 66,
    stderr: expect.stringContaining('no operator "anna"'),
  });
  const [first = ""] = names;
  const leave = () => run("node", "remove", "--config", config, "--node", first);
  const { nkey } = nodes[first];
  expect(await leave()).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`revoke --nkey ${nkey}`),
  });
  expect(await leave()).toMatchObject({
    exitCode: 66,
    stderr: expect.stringContaining(`no node "${first}"`),
  });
  const bad = await run(
    "node",
    "add",
    "--config",
    config,
    "--node",
    "x",
    "--nkey",
    "SUSECRET",
    "--node-key",
    "x:1",
  );
  expect(bad.exitCode).toBe(64);
  expect(bad.stderr).toContain("nodes.x.nkey");
  const printed = await run("nats-config", "--config", config);
  const file = join(directory, "nats.conf");
  writeFileSync(file, printed.stdout.replace("/var/lib/nats", join(directory, "js")));
  expect((await execa(natsServerProgram, ["-t", "-c", file], { reject: false })).exitCode).toBe(0);
});

test("says which nats-server is missing", async () => {
  const { exitCode, stderr } = await run(
    "dev",
    "--dir",
    join(directory, "no"),
    "--nats-server",
    "/nonexistent",
  );
  expect([exitCode, stderr]).toEqual([
    69,
    expect.stringContaining("nats-server 2.14.3 or newer is not on PATH"),
  ]);
});
