/** The whole way of a deployment with real Nix: evaluate, build, sign, copy over HTTP, publish, follow, go back. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StoredHead } from "@chimera/proto/api";
import { closureDigest, ClosureList } from "@chimera/proto/signed/closure";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createOperator, type CalledResult, type TestOperator } from "../fixture/operator.ts";
import { seedPanic } from "../fixture/seed-head.ts";
import type { TestNode } from "../fixture/test-node.ts";
import { nixOnPath } from "../fixture/nix-on-path.ts";

const expression = (word: string) => `
let
  dependency = derivation { name = "dependency"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${word} > $out" ]; };
  system = n: derivation {
    name = "nixos-system-\${n}"; system = builtins.currentSystem; builder = "/bin/sh";
    args = [ "-c" "echo building \${n}; echo \${n} \${dependency} > $out" ];
  };
in {
  n1 = system "n1"; n2 = system "n2";
  broken = derivation { name = "broken"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo the last words; exit 3" ]; };
  unevaluable = throw "no such option";
}`;

let operator: TestOperator;
let path: string | undefined;
const fleetNodes = new Map<string, TestNode>();

beforeAll(async () => {
  operator = await createOperator();
  await mkdir(join(operator.home, "run"));
  path = await nixOnPath(join(operator.home, "tool"));
  for (const name of ["n1", "n2"]) fleetNodes.set(name, operator.addNode(name));
  operator.server.onHead = (head) => commitEverywhere(head);
});
beforeEach(async () => {
  operator.server.requests.length = 0;
  await writeProject("one", { n1: "n1", n2: "n2" });
});
afterAll(async () => operator.close());

async function writeProject(word: string, nodes: Record<string, string>): Promise<void> {
  await writeFile(join(operator.home, "systems.nix"), expression(word));
  const parts = Object.entries(nodes).map(([node, attribute]) => {
    const key = operator.server.nodes.get(node)?.nodeKey ?? undefined;
    const keyLine = key === undefined ? "" : `key = "${key}"\n`;
    return `[nodes.${node}]\n${keyLine}tags = ["${attribute}"]\ninstallable = "-f ./systems.nix ${attribute}"\n`;
  });
  await writeFile(join(operator.home, "chimera.toml"), parts.join("\n"));
}

function newestLeaf() {
  return operator.server.worlds.get(operator.server.heads[0]?.head.world ?? "")?.leaves[0];
}

function cached(name: string): string {
  return operator.server.cache.get(`/cache/${name}`)?.toString() ?? "";
}

function otherNarHash(narinfo: string): string {
  return narinfo.replace(
    /(NarHash: sha256:\w{51})(\w)/u,
    (_, kept: string, last: string) => kept + (last === "0" ? "1" : "0"),
  );
}

function chimera(...args: string[]): Promise<CalledResult> {
  return operator.call(args, {
    env: { HOME: operator.home, PATH: path, XDG_RUNTIME_DIR: join(operator.home, "run") },
  });
}

/** What nodes report once they run the head: the answers are proto's documents. */
function commitEverywhere({ head, id }: StoredHead): void {
  const at = new Date().toISOString();
  for (const { node, toplevel } of operator.server.worlds.get(head.world)?.leaves ?? []) {
    const reported = fleetNodes.get(node)?.reporting({
      fleetId: head.fleetId,
      at,
      state: "committed",
      accepted: { epoch: head.epoch, serial: head.serial, id, world: head.world, acceptedAt: at },
      wanted: toplevel,
      system: { current: toplevel, booted: toplevel, profile: toplevel, bootDefault: toplevel },
    });
    if (reported !== undefined) operator.server.nodes.set(node, reported);
  }
}

test("real Nix is there", () => {
  expect(path, "install nix, or run `npm run lab -- prepare`").toBeDefined();
});

test("a dry run builds, shows the change and sends nothing", async () => {
  const { code, out, err } = await chimera("deploy", "--dry-run");
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("n2: built") });
  expect(out).toMatch(/n1 +- +[0-9a-z]{8}-nixos-system-n1 +[\d.]+ [KMG]?i?B +new/u);
  expect(operator.server.writes()).toEqual([]);
});

test("one failed build names the node and its last words, and nothing is published", async () => {
  await writeProject("one", { n1: "n1", n2: "broken" });
  const { code, err } = await chimera("deploy");
  expect(code).toBe(70);
  expect(err).toMatch(/1 of 2 nodes did not build; nothing was published\nn2: [\s\S]*the last words/u);
  expect(err).not.toContain("\u001b");
  expect(operator.server.builds.filter(({ state }) => state === "failed").map(({ node }) => node)).toEqual([
    "n2",
  ]);
  expect(operator.server.writes().every((line) => line.endsWith("/build"))).toBe(true);
});

test("one system that does not evaluate is found in its batch", async () => {
  await writeProject("one", { n1: "n1", n2: "unevaluable" });
  const { code, err } = await chimera("deploy", "--eval-batch", "8");
  expect(code).toBe(70);
  expect(err).toMatch(/n2: [\s\S]*no such option/u);
  expect(operator.server.heads).toEqual([]);
});

test("a path that is not in the local store is closure-unavailable, and nothing is sent", async () => {
  const missing = "/nix/store/5q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-nixos-system-n1";
  const { code, err } = await chimera("publish", `n1=${missing}`);
  expect({ code, err }).toEqual({ code: 75, err: expect.stringMatching(/local store[\s\S]*5q2wz4r1d3/u) });
  expect(operator.server.writes()).toEqual([]);
});

test("a deployment reaches the cache, the store of heads and the nodes", async () => {
  const first = await chimera("deploy", "--reason", "first");
  expect(first.err).toContain("n1: pushed");
  expect(first.err).toMatch(/^pushing .* of .* paths, .*\/s$/mu);
  expect(first.err).toMatch(/^pushed 3 paths \([\d.]+ \w+\) to the cache in [\d.]+ s$/mu);
  expect(first.out).toMatch(/published head 1[\s\S]*all 2 nodes committed head 1/u);
  expect(first.out).toMatch(/^session deploy-1 of each node: chimera attach n1\/deploy-1 shows it/mu);
  const [head] = operator.server.heads;
  expect(head?.head).toMatchObject({
    serial: 1,
    size: 2,
    previous: null,
    revertTo: null,
    mode: "deploy",
    reason: "first",
  });
  const leaf = newestLeaf();
  const list = ClosureList.parse(JSON.parse(cached(`closure/${leaf?.closure}`)));
  expect(closureDigest(list.entries)).toBe(leaf?.closure);
  expect(list.entries.map(({ path: entry }) => entry.slice(44))).toEqual(
    expect.arrayContaining(["dependency"]),
  );
  const narinfo = cached(`${leaf?.toplevel.slice(11, 43)}.narinfo`);
  expect(narinfo).toMatch(/Compression: zstd[\s\S]*Sig: lab-cache:/u);
});

test("deploying one node leaves the other's leaf as it is, and a rollback goes back to both", async () => {
  const [first] = operator.server.heads;
  await writeProject("two", { n1: "n1", n2: "n2" });
  const second = await chimera("deploy", "-t", "n1", "--json");
  const lines = second.out
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  expect(lines.at(-1)).toMatchObject({ type: "result", ok: true, serial: 2, nodes: 1 });
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ type: "build", node: "n1", state: "built" }),
      expect.objectContaining({
        type: "pushing",
        bytes: { done: expect.any(Number), total: expect.any(Number) },
      }),
      expect.objectContaining({ type: "pushed", paths: 2 }),
    ]),
  );
  const worlds = operator.server.heads.map(
    (stored) => operator.server.worlds.get(stored.head.world)?.leaves ?? [],
  );
  expect(worlds[0]?.[1]).toEqual(worlds[1]?.[1]);
  expect(worlds[0]?.[0]?.toplevel).not.toBe(worlds[1]?.[0]?.toplevel);

  const back = await chimera("rollback");
  expect(back.out).toMatch(/published head 3[\s\S]*all 2 nodes committed/u);
  expect(operator.server.heads[0]?.head).toMatchObject({
    mode: "rollback",
    serial: 3,
    world: first?.head.world,
  });
  expect((await chimera("history")).out).toMatch(/3 .* rollback .* 2 committed[\s\S]*1 .* deploy .* first/u);
});

test("two operators at once: the second is told, and nothing of his is stored", async () => {
  const before = operator.server.heads.length;
  operator.server.intercept = (request, response) => {
    if (request.url !== "/v1/head") return false;
    const detail = "another head was stored";
    response
      .writeHead(409)
      .end(JSON.stringify({ type: "x", title: "x", status: 409, code: "write-conflict", detail }));
    return true;
  };
  const { code, err } = await chimera("deploy", "-t", "n1");
  operator.server.intercept = () => false;
  expect(code).toBe(75);
  expect(err).toMatch(/published meanwhile \(newest: 3 by .*\); yours was not stored/u);
  expect(operator.server.heads.length).toBe(before);
});

test("a cache with other bytes under a name stops the deployment", async () => {
  await writeProject("three", { n1: "n1", n2: "n2" });
  await chimera("deploy", "-t", "n1", "--no-follow");
  const leaf = newestLeaf();
  const name = `/cache/${leaf?.toplevel.slice(11, 43)}.narinfo`;
  const narinfo = operator.server.cache.get(name)?.toString() ?? "";
  operator.server.cache.set(name, Buffer.from(otherNarHash(narinfo)));
  const { code, err } = await chimera("deploy", "-t", "n1");
  expect({ code, err }).toEqual({
    code: 65,
    err: expect.stringMatching(/other content for .*-nixos-system-n1/u),
  });
});

test("a controller that shows an older head than was seen is not built upon", async () => {
  const newest = operator.server.heads.shift();
  const { code, err } = await chimera("deploy", "-t", "n1");
  if (newest !== undefined) operator.server.heads.unshift(newest);
  expect({ code, err }).toEqual({ code: 65, err: expect.stringMatching(/lost data .*or hides it/u) });
});

test("the file with the token that Nix reads is gone after each run", async () => {
  expect(operator.server.cache.size).toBeGreaterThan(0);
  expect(await readdir(join(operator.home, "run"))).toEqual([]);
});

test("whoever deploys after a panic is told who undid what, also by a dry run", async () => {
  const { id } = await seedPanic(operator);
  const newest = operator.server.heads[0]?.head.serial;
  const says = new RegExp(
    `a panic stands: .* it undid head 0\\.${newest} by .* signed by .*payments are down`,
    "u",
  );
  const toplevel = newestLeaf()?.toplevel;
  for (const args of [
    ["deploy", "--dry-run"],
    ["publish", `n1=${toplevel}`, "--dry-run"],
    ["deploy", "--no-follow"],
  ]) {
    const { code, err } = await chimera(...args);
    expect({ code, err }, args.join(" ")).toEqual({ code: 0, err: expect.stringMatching(says) });
  }
  expect(operator.server.heads[0]?.head.previous).toBe(id);
});
