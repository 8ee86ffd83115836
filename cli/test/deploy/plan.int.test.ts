/** `chimera plan` between worlds, with real Nix and closures that are only in the fleet's cache. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HealthSample, SpaceLimits } from "@chimera/proto/health";
import { bootNameDigest } from "@chimera/proto/system/boot-files";
import { createOperator, type CalledResult, type TestOperator } from "../fixture/operator.ts";
import { nixOnPath } from "../fixture/nix-on-path.ts";

const kernelBytes = 3 << 20;

/** Systems with what a plan looks at; `word` makes the units of two worlds differ. */
const expression = (word: string, kernel = "") => `
let
  sh = name: script: derivation {
    inherit name; system = builtins.currentSystem; builder = "/bin/sh";
    args = [ "-c" "export PATH=/usr/bin:/bin; set -e; \${script}" ];
  };
  unit = name: text: sh "unit-\${name}" "mkdir $out; printf '\${text}' > $out/\${name}";
  units = sh "system-units" ''
    mkdir -p $out/multi-user.target.wants; cd $out
    ln -s multi-user.target default.target
    printf '[Unit]\\n' > multi-user.target
    ln -s \${unit "web.service" "[Service]\\nExecStart=/bin/${word}\\n"}/web.service web.service
    ln -s \${unit "db.service" "[Service]\\nExecStart=/bin/db\\nX-RestartIfChanged=false\\nNice=${word.length}\\n"}/db.service db.service
    ln -s ../web.service multi-user.target.wants/web.service
    ln -s ../db.service multi-user.target.wants/db.service
  '';
  system = n: sh "nixos-system-\${n}" ''
    mkdir -p $out/etc/systemd; ln -s \${units} $out/etc/systemd/system
    echo \${n} > $out/nixos-version; printf 'systemd 2' > $out/init-interface-version
    ${kernel === "" ? "" : "ln -s ${linux}/bzImage $out/kernel"}
  '';
  linux = sh "linux-${kernel}" "mkdir $out; head -c ${kernelBytes} /dev/zero > $out/bzImage";
in { n1 = system "n1"; n2 = system "n2"; }`;

const mib = 1 << 20;

/** What a node said of its space, if its agent does already. */
function says(name: string, space?: Partial<NonNullable<SpaceLimits["boot"]>>): void {
  const view = operator.server.nodes.get(name);
  if (view === undefined) throw new Error(`${name} is not registered`);
  const boot = { freeBytes: 0, reserveBytes: 32 * mib, files: [], ...space };
  const health = {
    ...sample,
    node: view.node,
    ...(space === undefined ? {} : { space: { storeReserveBytes: 512 * mib, boot } }),
  };
  operator.server.nodes.set(name, { ...view, health });
}

const sample: Omit<HealthSample, "node"> = {
  v: 1,
  at: "2026-11-29T12:00:00.000Z",
  uptimeSeconds: 1,
  load1: 0,
  memoryTotalBytes: 1,
  memoryAvailableBytes: 1,
  storeTotalBytes: 2 ** 40,
  storeFreeBytes: 2 ** 30,
  systemState: "running",
  failedUnits: [],
};

let operator: TestOperator;
let path: string | undefined;

beforeAll(async () => {
  operator = await createOperator();
  await mkdir(join(operator.home, "run"));
  path = await nixOnPath(join(operator.home, "tool"));
  for (const name of ["n1", "n2"]) operator.addNode(name);
  for (const word of ["one", "three"]) {
    await writeFile(join(operator.home, "systems.nix"), expression(word));
    const { code, err } = await chimera("deploy", "--no-follow");
    if (code !== 0) throw new Error(err);
  }
});
afterAll(async () => operator.close());

async function chimera(...args: string[]): Promise<CalledResult> {
  const nodes = ["n1", "n2"].map((node) => {
    const key = operator.server.nodes.get(node)?.nodeKey ?? "";
    return `[nodes.${node}]\nkey = "${key}"\ntags = ["${node}s"]\ninstallable = "-f ./systems.nix ${node}"\n`;
  });
  await writeFile(join(operator.home, "chimera.toml"), nodes.join("\n"));
  return operator.call(args, {
    env: { HOME: operator.home, PATH: path, XDG_RUNTIME_DIR: join(operator.home, "run") },
  });
}

const planStore = (): string => join(operator.home, ".cache/chimera/plan-store");

test("two worlds are compared from the cache, each path proved by the signed list; equal nodes are told once", async () => {
  const { code, out, err } = await chimera("plan", "--from", "1", "--to", "2");
  expect({ code, err }).toEqual({
    code: 0,
    err: expect.stringMatching(/^fetching [\s\S]*fetched \d+ paths/u),
  });
  expect(out).toMatch(/^world [0-9a-f]+ of head 0\.1 by .* -> world [0-9a-f]+ of head 0\.2 by /u);
  expect(out).toMatch(/^n1, n2$/mu);
  expect(out).toMatch(/^ {2}stops, starts +web\.service$/mu);
  expect(out).toMatch(/^ {2}leaves as it is +db\.service$/mu);
  expect(out).toMatch(/^ {2}gets +at most [\d.]+ [KM]iB in 4 paths, unpacked$/mu);
  expect(out).toMatch(
    /^ {2}store +unknown, because it has not said yet what is free \([\d.]+ [KM]iB new\)$/mu,
  );
  expect(out).toMatch(/^ {2}boot partition +ok: nothing new$/mu);
});

test("what was fetched is there for the next time; --exit-code says whether there is anything to do", async () => {
  const again = await chimera("plan", "--from", "1", "--to", "2", "-t", "n1", "--exit-code", "--json");
  expect(again).toMatchObject({ code: 1, err: "" });
  expect(JSON.parse(again.out)).toMatchObject({
    type: "plan",
    isAssumed: true,
    groups: [{ kind: "switch", nodes: [{ node: "n1", bytes: { paths: 4 } }], plan: { reboot: [] } }],
  });
  expect(await chimera("plan", "--from", "2", "--exit-code")).toMatchObject({
    code: 0,
    out: expect.stringContaining("n1, n2: the same system"),
  });
});

test("only the selected nodes are looked at, by their tags too", async () => {
  const { out } = await chimera("plan", "--from", "1", "--to", "2", "-t", "@n2s", "--json");
  expect(JSON.parse(out)).toMatchObject({ groups: [{ nodes: [{ node: "n2" }] }] });
  expect(await chimera("plan", "--from", "1", "--to", "2", "-t", "n9")).toMatchObject({ code: 67 });
});

test("a closure list that is missing in the cache is told, with the nodes it is about, and nothing is guessed", async () => {
  await rm(planStore(), { recursive: true, force: true });
  operator.server.intercept = ({ url = "" }, response) => {
    if (!url.startsWith("/cache/closure/")) return false;
    response.writeHead(404).end();
    return true;
  };
  const { code, out, err } = await chimera("plan", "--from", "1", "--to", "2");
  operator.server.intercept = () => false;
  expect(code).toBe(75);
  expect(out).toMatch(/^n1: cannot be planned\n {2}problem +.*the closure list of\s+n1: /mu);
  expect(err).toContain("2 of 2 nodes cannot be planned [closure-unavailable]");
});

test("other bits than the signed ones in the cache are found before anything of them is read", async () => {
  await rm(planStore(), { recursive: true, force: true });
  const signed = new Map(operator.server.cache);
  for (const [name, body] of signed) {
    const text = body.toString();
    // The narinfo of another path of the same closure, under the name of the first.
    if (name.endsWith(".narinfo"))
      operator.server.cache.set(name, Buffer.from(text.replace(/^NarHash: sha256:./mu, "NarHash: sha256:0")));
  }
  const { code, out } = await chimera("plan", "--from", "1", "--to", "2", "-t", "n1");
  for (const [name, body] of signed) operator.server.cache.set(name, body);
  expect(code).toBe(65);
  expect(out).toMatch(/^n1: cannot be planned\n {2}problem +[\s\S]*hash mismatch/mu);
});

test("what a copy that was cut off left there unregistered is copied again", async () => {
  expect(await chimera("plan", "--from", "1", "--to", "2", "-t", "n1")).toMatchObject({ code: 0 });
  // Every file stays, and Nix knows none of them.
  await rm(join(planStore(), "nix/var"), { recursive: true });
  const { code, out, err } = await chimera("plan", "--from", "1", "--to", "2", "-t", "n1");
  expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/fetched \d+ paths/u) });
  expect(out).toMatch(/^ {2}stops, starts +web\.service$/mu);
});

test("a node that said that its boot partition is full is warned of, as its own pre-flight will refuse", async () => {
  await writeFile(join(operator.home, "systems.nix"), expression("three", "6.13"));
  expect(await chimera("deploy", "--no-follow")).toMatchObject({ code: 0 });
  says("n1", { freeBytes: 34 * mib });
  says("n2", { freeBytes: 36 * mib });
  const { code, out } = await chimera("plan", "--from", "2", "--to", "3");
  expect(code).toBe(0);
  const text = out.replaceAll(/\s+/gu, " ");
  expect(text).toContain("n1, n2");
  expect(text).toMatch(/ store ok: 3\.\d MiB new, at least 1\.0 GiB free \(512\.0 MiB must stay free\) /u);
  expect(text).toContain(
    " boot partition lacks 1 MiB on n1: 3.0 MiB new, 34.0 MiB free (32.0 MiB must stay free); " +
      "ok on n2: 3.0 MiB new, 36.0 MiB free (32.0 MiB must stay free) ",
  );
  const json = await chimera("plan", "--from", "2", "--to", "3", "-t", "n1", "--json");
  const facts = { neededBytes: kernelBytes, freeBytes: 34 * mib, reserveBytes: 32 * mib, saidAt: sample.at };
  expect(JSON.parse(json.out)).toMatchObject({
    groups: [
      { nodes: [{ space: { store: { kind: "ok" }, boot: { kind: "lacks", missingBytes: mib, ...facts } } }] },
    ],
  });
});

test("a kernel that lies there already needs no room, and an agent of before leaves it unknown", async () => {
  const [kernel] = new Set(
    [...operator.server.cache.values()].flatMap(
      (body) => /\/nix\/store\/(.*-linux-6\.13)$/mu.exec(body.toString())?.[1] ?? [],
    ),
  );
  says("n1", { freeBytes: 0, files: [bootNameDigest(`${kernel}-bzImage.efi`)] });
  says("n2");
  const { out } = await chimera("plan", "--from", "2", "--to", "3");
  const text = out.replaceAll(/\s+/gu, " ");
  expect(text).toContain(
    " boot partition ok on n1: nothing new; unknown on n2, because its agent or the controller is older " +
      "than that report (3.0 MiB new) ",
  );
});

test("wrong words are refused before anything is asked", async () => {
  expect(await chimera("plan", "--from", "/nix/store/x")).toMatchObject({ code: 64 });
  expect(await chimera("plan", "--from", "./gone", "--to", "./gone")).toMatchObject({ code: 66 });
  expect(await chimera("plan", "--from", "77", "--to", "1")).toMatchObject({ code: 66 });
  await writeFile(join(operator.home, "units.json"), "{}");
  expect(await chimera("plan", "--from", "1", "--to", "2", "--running", "units.json")).toMatchObject({
    code: 65,
  });
  await writeFile(join(operator.home, "units.json"), "[]");
  expect(await chimera("plan", "--from", "1", "--to", "2", "--running", "units.json")).toMatchObject({
    code: 64,
  });
});
