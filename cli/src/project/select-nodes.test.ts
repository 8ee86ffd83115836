/** Targets of `deploy -t`. */
import { expect, test } from "vitest";
import { selectNodes } from "./select-nodes.ts";

const candidates = [
  { node: "web-2", tags: ["web", "canary"] },
  { node: "web-1", tags: ["web"] },
  { node: "db", tags: [] },
];

test.each<[string[], string[]]>([
  [[], ["db", "web-1", "web-2"]],
  [["db"], ["db"]],
  [["@web"], ["web-1", "web-2"]],
  [["web-*"], ["web-1", "web-2"]],
  [["{db,web-1}"], ["db", "web-1"]],
  [
    ["@canary", "web-2", "db"],
    ["db", "web-2"],
  ],
])("%j selects %j", (targets, nodes) => {
  expect(selectNodes(targets, candidates)).toEqual(nodes);
});

test.each([["web"], ["@db"], ["*x*"], ["@"], [""], ["web-1 "], ["__proto__"]])(
  "%j matches nothing and is refused",
  (target) => {
    expect(() => selectNodes(["db", target], candidates)).toThrow(
      expect.objectContaining({ code: "node-unknown" }),
    );
  },
);

test("no node at all is refused", () => {
  expect(() => selectNodes([], [])).toThrow(expect.objectContaining({ code: "node-unknown" }));
});
