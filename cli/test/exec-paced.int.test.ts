/** `chimera exec --max-parallel`: who begins when, whoever is there to see it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { seal } from "@chimera/proto/signed/envelope";
import { startDevFleet, type DevFleet } from "./fixture/dev-fleet.ts";
import { obeying, type ExecNodes } from "./fixture/exec-nodes.ts";
import type { WireNode } from "./fixture/wire-node.ts";

const names = ["n1", "n2", "n3", "n4"];
let fleet: DevFleet;
let nodes: ExecNodes;

beforeAll(async () => {
  fleet = await startDevFleet(names);
  await fleet.connectNodes();
  await fleet.publish(names.map((name) => fleet.leaf(name, "one")));
});
beforeEach(() => {
  nodes = obeying(fleet, names);
});
afterAll(() => fleet.close());

const begun = () => nodes.begun.map(({ node }) => node).toSorted();
const are = (...expected: string[]) =>
  vi.waitFor(() => expect(begun()).toEqual(expected), { timeout: 20_000 });
/** Longer than whoever sees to it takes to look again. */
const aWhile = () => sleep(1500);

test("as many begin as may, and the next one when one of them is over", async () => {
  const running = fleet.chimera("exec", "--all", "--max-parallel", "2", "--", "true");
  await are("n1", "n2");
  await aWhile();
  expect(begun()).toEqual(["n1", "n2"]);
  nodes.end("n2", "two\n");
  await are("n1", "n2", "n3");
  await aWhile();
  expect(begun()).toEqual(["n1", "n2", "n3"]);
  nodes.end("n1", "one\n");
  await are(...names);
  nodes.end("n3", "three\n");
  nodes.end("n4", "four\n", { exitCode: 2 });
  const { code, out } = await running;
  expect(code).toBe(1);
  expect(out.split("\n").toSorted()).toEqual(["n1 | one", "n2 | two", "n3 | three", "n4 | four"]);
});

test("one that refuses, or is away, keeps nobody waiting", async () => {
  fleet.node("n1").onOrder = (id) => ({ refused: { id, code: "exec-forbidden", message: "off" } });
  fleet.node("n2").onOrder = () => undefined;
  const running = fleet.chimera("exec", "--all", "--max-parallel", "1", "--expires", "20s", "--", "true");
  await are("n3");
  nodes.end("n3", "");
  await are("n3", "n4");
  nodes.end("n4", "");
  const { code, err } = await running;
  expect(code).toBe(77);
  expect(err).toMatch(/refused: exec-forbidden: off: n1/u);
  expect(err).toMatch(/nobody heard of it: n2/u);
});

test.each([
  ["something else that it signed", (wire: WireNode, id: string) => wire.receiptOf(id)],
  ["what nobody understands", (wire: WireNode) => seal("answer", { v: 2, kind: "answer" }, [wire.signer])],
])("a node that answers with %s stops neither this order nor others", async (_, answer) => {
  const wire = fleet.node("n1");
  wire.onOrder = (id) => ({ receipt: wire.receiptOf(id), shown: answer(wire, id) });
  const first = ["exec", "--on", "n1", "n2", "--max-parallel", "1", "--expires", "60s", "--", "true"];
  const running = fleet.chimera(...first);
  await are("n2");
  const other = fleet.chimera(
    "exec",
    "--on",
    "n3",
    "n4",
    "--max-parallel",
    "1",
    "--expires",
    "60s",
    "--",
    "true",
  );
  await are("n2", "n3");
  nodes.end("n3", "three\n");
  await are("n2", "n3", "n4");
  nodes.end("n4", "four\n");
  expect(await other).toMatchObject({ code: 0 });
  nodes.end("n2", "two\n");
  const { code, err } = await running;
  expect(code).toBe(77);
  expect(err).toMatch(/n1/u);
});

test("it goes on without whoever called, and without the controller that took it", async () => {
  const main = join(import.meta.dirname, "../src/main.ts");
  const argv = [main, "exec", "--all", "--max-parallel", "1", "--expires", "120s", "--", "long"];
  const child = spawn(process.execPath, argv, {
    env: { HOME: fleet.home, PATH: process.env["PATH"] ?? "", USER: "anna" },
    cwd: fleet.home,
  });
  await are("n1");
  child.kill("SIGKILL");
  await once(child, "exit");
  nodes.end("n1", "one\n");
  await are("n1", "n2");
  await fleet.killController();
  await fleet.startController();
  await vi.waitFor(() => fleet.connectNodes(), { timeout: 20_000 });
  // What nats-server had in its memory is gone: nodes say again what they have.
  const again = setInterval(() => {
    nodes.end("n1", "one\n");
    nodes.end("n2", "two\n");
  }, 500);
  await are("n1", "n2", "n3").finally(() => clearInterval(again));
  const [id = ""] = nodes.begun.map((one) => one.id);
  const resumed = fleet.chimera("exec", "--resume", id.slice(0, 12));
  nodes.end("n3", "three\n");
  await are(...names);
  nodes.end("n4", "four\n");
  const { code, out } = await resumed;
  expect({ code, lines: out.split("\n").toSorted() }).toEqual({
    code: 0,
    lines: ["n1 | one", "n2 | two", "n3 | three", "n4 | four"],
  });
});
