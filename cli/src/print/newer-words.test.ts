/** What a newer node says in words that this program does not know. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NodeView } from "@chimera/proto/api";
import { expect, test } from "vitest";
import { driftTable } from "./drift-table.ts";
import { nodeRow } from "./node-row.ts";
import { plain, type Paint } from "./paint.ts";

const golden = join(import.meta.dirname, "../../../proto/test/golden/v1/status.json");
const status = JSON.parse(readFileSync(golden, "utf8"));
const parts = { beat: null, health: null, hardware: null, build: null };
const viewOf = (over: object) =>
  NodeView.parse({ node: "n1", nodeKey: null, verified: true, status: { ...status, ...over }, ...parts });
const sight = { ageMs: () => 5_000, leafOf: () => null };
const marked: Paint = (style, text) => `${style}(${text})`;

test.each(["hibernating", "constructor"])("the state %s is shown as it is, without a colour", (state) => {
  expect(nodeRow(viewOf({ state }), sight, marked)[1]).toBe(state);
});

test("so is a kind of drift, and what was found", () => {
  const [item] = status.drift.open;
  const newer = { ...item, kind: "firmware-changed", found: { type: "subvolume" } };
  const view = viewOf({ drift: { ...status.drift, open: [newer] } });
  const open = (view.status?.drift.open ?? []).map((one) => ({ node: view.node, item: one }));
  const none = {
    hidden: [],
    unwatched: [],
    unseen: [],
    exceptions: [],
    fought: [],
    reverted: [],
    ageMs: sight.ageMs,
  };
  expect(driftTable({ ...none, open }, plain)).toMatch(/firmware-changed.*subvolume/u);
});

test("a specialisation stands beside the system that it is part of", () => {
  const path = `/nix/store/${"g".repeat(32)}-nixos-system-n1`;
  expect(nodeRow(viewOf({ specialisation: { name: "gpu", path } }), sight, plain)[3]).toMatch(/, gpu$/u);
});
