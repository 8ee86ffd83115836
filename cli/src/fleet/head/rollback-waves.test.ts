/** A rollback moves the fleet as chimera.toml says for every move of it: an operator in a hurry must not restart all nodes at once. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waveDigest } from "@chimera/proto/rollout/wave-list";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { seedHead } from "../../../test/fixture/seed-head.ts";
import { createTestNode } from "../../../test/fixture/test-node.ts";
import { useOperator } from "../../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const names = ["n1", "n2", "n3", "n4"];
const project = `
[nodes.n3]
tags = ["canary"]
[policy]
reboot = "when-needed"
[rollout]
waves = ["@canary", "rest"]
maxUnavailable = 2
`;

beforeEach(async () => {
  const { server, home } = operator();
  await rm(join(home, ".local"), { recursive: true, force: true });
  server.heads.length = 0;
  server.waves.clear();
  for (const name of names) server.nodes.set(name, createTestNode(name).silent());
  await seedHead(operator(), names, "old");
  await seedHead(operator(), names, "new");
  server.requests.length = 0;
});
afterEach(() => rm(join(operator().home, "chimera.toml"), { force: true }));

const write = () => writeFile(join(operator().home, "chimera.toml"), project);
const back = (...args: string[]) => operator().call(["rollback", ...args]);

test("goes in the project's waves, never more nodes at once than it says, and consents to no way back", async () => {
  await write();
  const { code, out, err } = await back("--no-follow");
  expect({ code, err }, out).toEqual({
    code: 0,
    err: expect.stringContaining("goes back in 2 waves, at most 2 nodes at once (--no-waves: everybody"),
  });
  const { heads, waves } = operator().server;
  const head = heads[0]?.head;
  expect(head).toMatchObject({
    mode: "rollback",
    consentUntil: null,
    policy: { reboot: "when-needed", rollout: { maxUnavailable: 2, onFailure: "pause" } },
  });
  const lists = head?.policy.rollout?.waves.map(({ list }) => waves.get(list)) ?? [];
  expect(lists.map((list) => list?.nodes.map(({ node }) => node))).toEqual([["n3"], ["n1", "n2", "n4"]]);
  expect(lists.map((list) => list !== undefined && waveDigest(list))).toEqual([...waves.keys()]);
});

test("--dry-run shows the waves before anything is sent", async () => {
  await write();
  const { code, out } = await back("--dry-run");
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(
      /policy: reboot when-needed; 2 waves; pause after more than 0 failed; .*2 at once\nwave 1: n3\nwave 2: n1, n2, n4\nnothing was sent/u,
    ),
  });
  const Plan = z.object({ type: z.literal("plan"), waves: z.array(z.array(z.string())) });
  const said = Plan.parse(JSON.parse((await back("--dry-run", "--json")).out));
  expect(said.waves).toEqual([["n3"], ["n1", "n2", "n4"]]);
  expect(operator().server.writes()).toEqual([]);
});

test.each([
  ["--no-waves", true],
  ["no [rollout]", false],
])("with %s everybody goes at once", async (_, hasProject) => {
  if (hasProject) await write();
  const { code, err } = await back("--no-follow", ...(hasProject ? ["--no-waves"] : []));
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(operator().server.heads[0]?.head.policy.rollout).toBeUndefined();
  expect(operator().server.waves.size).toBe(0);
});

test("what is typed comes first, also that a rollback that fails brings the newer world back", async () => {
  await write();
  const typed = ["--waves", "1,rest", "--on-failure", "return"];
  expect(await back("--dry-run", ...typed)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/\nit goes back by itself, should it fail by \S+Z\nnothing was sent/u),
  });
  const { code, err } = await back("--no-follow", ...typed);
  expect({ code, err }).toEqual({
    code: 0,
    err: expect.stringMatching(/chimera: it goes back by itself, should it fail by \S+Z\n/u),
  });
  const head = operator().server.heads[0]?.head;
  expect(head?.policy.rollout).toMatchObject({ onFailure: "return", waves: [{ size: 1 }, { size: 3 }] });
  expect(head?.consentUntil).not.toBeNull();
});

test("for how long it may go back by itself can be said, where it may at all", async () => {
  await write();
  const typed = ["--no-follow", "--waves", "1,rest", "--consent", "12h"];
  expect(await back(...typed)).toMatchObject({
    code: 64,
    err: expect.stringContaining("--consent says nothing with --on-failure pause"),
  });
  expect((await back(...typed, "--on-failure", "return")).code).toBe(0);
  const head = operator().server.heads[0]?.head;
  expect(Date.parse(head?.consentUntil ?? "") - Date.parse(head?.createdAt ?? "")).toBe(12 * 3_600_000);
});
