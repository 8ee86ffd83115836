import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NodeName } from "@chimera/proto/names";
import { seal } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { NodeStatus } from "@chimera/proto/status";
import { expect, test } from "vitest";
import { decodeObservation } from "./decode-observation.ts";
import { createProjection } from "./projection.ts";

const golden = join(import.meta.dirname, "../../../proto/test/golden/v1/status.json");
const status = JSON.parse(readFileSync(golden, "utf8"));
const { fleetId } = NodeStatus.parse(status);
const [node, at] = [NodeName.parse("n1"), "2026-11-23T12:00:00.000Z"];
const key = parseSecretKey(generateKey("n1").secret);
const signed = (over: object) => seal("status", { ...status, ...over }, [key]);
const told = (kind: "status" | "beat", message: unknown) =>
  decodeObservation({ kind, node, text: JSON.stringify(message), at }, fleetId);

test("what a newer node says is kept, shown as it is, and counts as signed", () => {
  const [item] = status.drift.open;
  const drift = { ...status.drift, open: [{ ...item, kind: "firmware-changed" }, { form: "new" }] };
  const projection = createProjection();
  projection.apply(node, told("status", signed({ state: "hibernating", drift })));
  projection.apply(node, told("beat", { e: 0, s: 1, p: "hibernating" }));
  expect(projection.view(node, { n1: { nodeKey: key.publicKey } })).toMatchObject({
    verified: true,
    status: { state: "hibernating", drift: { open: [{ kind: "firmware-changed" }], openCount: 1 } },
    beat: { p: "hibernating" },
  });
});

test("what no version would say is refused", () => {
  expect(() => told("status", signed({ state: "red\u001b[31m" }))).toThrow(/a word has/u);
  expect(() => told("status", signed({ node: "n2" }))).toThrow(/n1 spoke for n2/u);
  expect(() => told("beat", { e: 0, s: 1, p: 7 })).toThrow(/expected string/u);
});
