/** `chimera exec` through the real controller, to nodes on the wire: what they answer, show and leave unsaid. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Digest } from "@chimera/proto/names";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { startDevFleet, type DevFleet } from "./fixture/dev-fleet.ts";
import { obeying, type ExecNodes } from "./fixture/exec-nodes.ts";

let fleet: DevFleet;
let nodes: ExecNodes;

beforeAll(async () => {
  fleet = await startDevFleet(["n1", "n2", "n3"]);
  await fleet.connectNodes();
  await fleet.publish(["n1", "n2", "n3"].map((name) => fleet.leaf(name, "one")));
});
beforeEach(() => {
  nodes = obeying(fleet, ["n1", "n2", "n3"]);
});
afterAll(() => fleet.close());

const sessionOf = (name: string): string =>
  `exec-${nodes.begun.find(({ node }) => node === name)?.id.slice(0, 12) ?? ""}`;
const hasBegun = (...names: string[]) =>
  vi.waitUntil(() => names.every((name) => nodes.begun.some(({ node }) => node === name)), {
    timeout: 20_000,
  });

test("one order runs on all nodes, as words and not by a shell; lines come with whose they are", async () => {
  const running = fleet.chimera("exec", "--all", "--", "echo", "$HOME; rm -rf /", "--all");
  await hasBegun("n1", "n2", "n3");
  expect(new Set(nodes.begun.map(({ id }) => id)).size).toBe(1);
  expect(nodes.begun[0]?.action).toMatchObject({
    argv: ["echo", "$HOME; rm -rf /", "--all"],
    copies: 1,
    output: "log",
    timeoutSeconds: 600,
    atOnce: null,
  });
  nodes.end("n2", "two\n");
  nodes.end("n1", "one\nmore\n");
  nodes.end("n3", "\u001b[2Jthree");
  const { code, out, err } = await running;
  expect(code).toBe(0);
  expect(out.split("\n").toSorted()).toEqual(["n1 | more", "n1 | one", "n2 | two", "n3 | three"]);
  expect(err).toContain("ended with 0: n1, n2, n3");
});

test("what fails, refuses or could not begin is said by name, and the code is not 0", async () => {
  fleet.node("n2").onOrder = (id) => ({
    refused: { id, code: "exec-forbidden", message: "this node's system lets no order run anything" },
  });
  const running = fleet.chimera("exec", "--on", "n1", "n2", "--group", "--", "false");
  await hasBegun("n1");
  nodes.end("n1", "no\n", { exitCode: 3 });
  const { code, out, err } = await running;
  expect({ code, out }).toEqual({ code: 1, out: "== n1: ended with 3\nno" });
  expect(err).toMatch(/n2 refused: exec-forbidden/u);
  expect(err).toMatch(/ended with 3: n1/u);
});

test("a node that is away is named, and waited for only until the order's time is over", async () => {
  fleet.node("n3").onOrder = () => undefined;
  const started = performance.now();
  const running = fleet.chimera("exec", "--on", "n1", "n3", "--expires", "3s", "--", "true");
  await hasBegun("n1");
  nodes.end("n1", "");
  const { code, err } = await running;
  expect(code).toBe(75);
  expect(err).toMatch(/n3 does not answer: it begins only if it does before/u);
  expect(err).toMatch(/nobody heard of it: n3/u);
  expect(performance.now() - started).toBeLessThan(20_000);
});

const Report = z.object({
  order: Digest,
  results: z.array(z.object({ node: z.string(), kind: z.string(), output: z.string().nullable() }).loose()),
});

test("killed with -9 it goes on, and somebody else gathers all of it by its id", async () => {
  const main = join(import.meta.dirname, "../src/main.ts");
  const child = spawn(
    process.execPath,
    [main, "exec", "--on", "n1", "n2", "--expires", "60s", "--", "long"],
    {
      env: { HOME: fleet.home, PATH: process.env["PATH"] ?? "", USER: "anna" },
      cwd: fleet.home,
    },
  );
  await hasBegun("n1", "n2");
  child.kill("SIGKILL");
  await once(child, "exit");
  nodes.end("n1", "one\n");
  const [id = ""] = nodes.begun.map((one) => one.id);
  const resumed = fleet.chimera("exec", "--resume", id.slice(0, 12), "--json");
  nodes.end("n2", "two\n", { exitCode: 4 });
  const { code, out } = await resumed;
  expect(code).toBe(1);
  const report = Report.parse(JSON.parse(out));
  expect(report.order).toBe(id);
  expect(report.results).toEqual([
    expect.objectContaining({ node: "n1", kind: "exited", code: 0, output: "one\n" }),
    expect.objectContaining({ node: "n2", kind: "exited", code: 4, output: "two\n" }),
  ]);
  expect(nodes.begun).toHaveLength(2);
});

test("nothing is lost when the controller is gone for a while", async () => {
  const running = fleet.chimera("exec", "--on", "n1", "--expires", "60s", "--", "long");
  await hasBegun("n1");
  const wire = fleet.node("n1");
  const [id = ""] = nodes.begun.map((one) => one.id);
  const session = `exec-${id.slice(0, 12)}`;
  const write = (text: string) => nodes.write(wire, session, text);
  write("one\n");
  await fleet.killController();
  write("one\ntwo\n");
  await fleet.startController();
  // nats-server was started anew with it, and its memory is empty: the node says again what it has.
  await vi.waitFor(() => fleet.connectNodes(), { timeout: 20_000 });
  const again = setInterval(() => nodes.end("n1", "one\ntwo\nthree\n"), 500);
  const { code, out } = await running.finally(() => clearInterval(again));
  expect({ code, out }).toEqual({ code: 0, out: "one\ntwo\nthree" });
});

test("output that comes long after an end is waited for, and what never comes is told with its size", async () => {
  const running = fleet.chimera("exec", "--on", "n1", "--expires", "60s", "--", "late");
  const asDocument = fleet.chimera("exec", "--on", "n2", "--expires", "60s", "--json", "--", "late");
  await hasBegun("n1", "n2");
  for (const name of ["n1", "n2"])
    nodes.say(fleet.node(name), sessionOf(name), { state: "ended", exitCode: 0, bytes: 12 });
  await sleep(7_000);
  for (const name of ["n1", "n2"]) nodes.write(fleet.node(name), sessionOf(name), "one\n");
  const { code, out } = await running;
  expect({ code, out }).toEqual({
    code: 0,
    out: "one\n[8 bytes are missing here: nobody keeps them any more]",
  });
  const report = Report.parse(JSON.parse((await asDocument).out));
  expect(report.results).toEqual([
    expect.objectContaining({ node: "n2", kind: "exited", output: "one\n", missingBytes: 8 }),
  ]);
});

test("a dry run signs and sends nothing; what is no command is refused before", async () => {
  expect(await fleet.chimera("exec", "--on", "n1", "--dry-run", "--", "true")).toMatchObject({ code: 0 });
  expect(await fleet.chimera("exec", "--on", "n1")).toMatchObject({ code: 64 });
  expect(await fleet.chimera("exec", "--", "true")).toMatchObject({ code: 64 });
  expect(await fleet.chimera("exec", "--on", "n9", "--", "true")).toMatchObject({ code: 67 });
  expect(await fleet.chimera("exec", "--resume", "ffffffff")).toMatchObject({ code: 66 });
  expect(nodes.begun).toEqual([]);
});
