/** News of builds over real HTTP: never late for the deployment, never wrong at its end. */
import type { ServerResponse } from "node:http";
import { NodeName } from "@chimera/proto/names";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createOperator, testIo, type TestOperator } from "../../../test/fixture/operator.ts";
import { createApiClient } from "../../api/api-client.ts";
import { currentContext } from "../../context/current-context.ts";
import { createBuildReporter } from "./build-reporter.ts";

const nodes = ["n1", "n2"].map((name) => NodeName.parse(name));
let operator: TestOperator;

beforeAll(async () => {
  operator = await createOperator();
});
beforeEach(() => {
  operator.server.builds.length = 0;
  operator.server.intercept = () => false;
});
afterAll(async () => operator.close());

async function start(json = false) {
  const stop = new AbortController();
  const { io, said } = testIo(operator.home, { signal: stop.signal });
  const api = await createApiClient(io, await currentContext(io, undefined));
  return { reporter: createBuildReporter(io, api, json), stop, said };
}

function states(): string[] {
  return operator.server.builds.map(({ node, state, error = "" }) => `${node} ${state} ${error}`.trim());
}

test("what an error leaves in the middle is told as failed, what was built stays built", async () => {
  const { reporter } = await start();
  const work = reporter.during(async () => {
    reporter.tell(nodes, { state: "building", done: 0, total: 1 });
    reporter.tell(nodes.slice(0, 1), { state: "built" });
    throw new Error("no such output");
  });
  await expect(work).rejects.toThrow("no such output");
  expect(states().slice(-2).toSorted()).toEqual(["n1 built", "n2 failed no such output"]);
});

test("Ctrl-C is still told", async () => {
  const { reporter, stop } = await start();
  const work = reporter.during(async () => {
    reporter.tell(nodes, { state: "evaluating" });
    stop.abort("SIGINT");
    stop.signal.throwIfAborted();
  });
  await expect(work).rejects.toBe("SIGINT");
  expect(states().slice(-2)).toEqual(["n1 failed interrupted", "n2 failed interrupted"]);
});

test("while the controller is slow only the newest news of a node waits", async () => {
  const { reporter } = await start();
  const held: ServerResponse[] = [];
  operator.server.intercept = (_, response) => held.push(response) > 0;
  await reporter.during(async () => {
    for (const state of ["evaluating", "built", "pushing", "pushed"] as const)
      reporter.tell(nodes, { state });
    await expect.poll(() => held.length).toBe(2);
    operator.server.intercept = () => false;
    for (const response of held) response.end("{}");
  });
  expect(states()).toEqual(["n1 pushed", "n2 pushed"]);
});

test("a controller that never answers keeps nobody", async () => {
  const { reporter, said } = await start();
  operator.server.intercept = () => true;
  const started = performance.now();
  await reporter.during(async () => reporter.tell(nodes, { state: "pushed" }));
  expect(performance.now() - started).toBeLessThan(7000);
  expect(said.err).toContain("build status not sent");
});

test("with --json each is a document and nothing else is said", async () => {
  const { reporter, said } = await start(true);
  await reporter.during(async () => reporter.tell(nodes, { state: "building", done: 1, total: 2 }));
  const lines = said.out.trim().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { type: "build", node: "n1", state: "building", done: 1, total: 2 },
    { type: "build", node: "n2" },
  ]);
  expect(said.err).toBe("");
});
