/** A storm of thirty thousand events: what is told one by one and what is told as a sum are all of them. */
import { NodeEventBody } from "@chimera/proto/event";
import { expect, test, vi } from "vitest";
import { toldSingly } from "../../reconcile/drift/event-sum.ts";
import { createStormTeller } from "./storm-teller.ts";

const item = {
  kind: "missing",
  expected: { type: "symlink", target: "/etc/static/x" },
  found: { type: "missing" },
} as const;
const reverted = (index: number): NodeEventBody => ({
  type: "drift-reverted",
  data: { item: { ...item, path: `/etc/${index}` }, ms: 1, ...(index % 2 === 0 ? { evidence: "e" } : {}) },
});
const alarm: NodeEventBody = { type: "alarm", data: { code: "x", message: "y" } };

function counts(events: readonly NodeEventBody[]) {
  const summed = events.flatMap((event) => (event.type === "drift-summed" ? [event.data] : []));
  return {
    singly: events.filter(({ type }) => type === "drift-reverted").length,
    summed: summed.reduce((total, { reverted: some }) => total + some, 0),
    events: summed.length,
  };
}

test("no event is lost unsaid, and a sum is told when the storm is over", async () => {
  const events: NodeEventBody[] = [];
  const teller = createStormTeller({ report: (event) => events.push(event), quietMs: 50 });
  for (let index = 0; index < 30_000; index += 1) teller.report(reverted(index));
  teller.report({ type: "drift-found", data: { ...item, path: "/etc/found" } });
  teller.report({
    type: "drift-unreverted",
    data: { item: { ...item, path: "/etc/x" }, code: "a", message: "b" },
  });
  teller.report(alarm);
  await vi.waitFor(() => expect(counts(events).events).toBe(1), { timeout: 5000 });
  expect(counts(events)).toEqual({ singly: toldSingly, summed: 30_000 - toldSingly, events: 1 });
  expect(events).toContainEqual(alarm);
  const sum = NodeEventBody.parse(events.find(({ type }) => type === "drift-summed"));
  const paths = Array.from({ length: 16 }, (_, index) => `/etc/${toldSingly + index}`);
  expect(sum).toMatchObject({
    data: { found: 1, unreverted: 1, evidence: (30_000 - toldSingly) / 2, paths },
  });
});

test("a storm that does not end is summed up from time to time, and at the end", async () => {
  const events: NodeEventBody[] = [];
  const teller = createStormTeller({ report: (event) => events.push(event), quietMs: 200, longestMs: 300 });
  const began = performance.now();
  let made = 0;
  while (performance.now() - began < 1000) {
    for (let index = 0; index < 400; index += 1) teller.report(reverted((made += 1)));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(counts(events).events).toBeGreaterThan(1);
  teller.stop();
  const { singly, summed } = counts(events);
  expect(singly + summed).toBe(made);
});
