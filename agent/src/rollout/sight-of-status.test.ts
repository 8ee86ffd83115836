import { Digest, NodeName } from "@chimera/proto/names";
import { openReceipt } from "@chimera/proto/signed/receipt";
import { expect, test } from "vitest";
import { createSigner } from "../control/fleet-fixture.ts";
import { statusOf } from "../control/lead/played-fleet.ts";
import { sightOfStatus } from "./sight-of-status.ts";

const head = Digest.parse("b".repeat(64));
const other = Digest.parse("c".repeat(64));
const node = NodeName.parse("n1");
const signer = createSigner("n1");
const at = "2026-11-29T00:00:00.000Z";

function said(state: Parameters<typeof statusOf>[0]["state"], changes: object = {}) {
  const status = { ...statusOf({ node, signer, head, state }), ...changes };
  const { receipt } = status;
  const opened = receipt === null || receipt === undefined ? null : openReceipt(receipt, signer.publicKey);
  return { status, receipt: opened, silentMs: 0 };
}

test("a commit counts by the receipt, not by the word", () => {
  expect(sightOfStatus(said("committed"), head)).toMatchObject({ hasHead: true, isProven: true });
  expect(sightOfStatus({ ...said("committed"), receipt: null }, head).isProven).toBe(false);
  expect(sightOfStatus({ ...said("committed"), receipt: said("staged").receipt }, head).isProven).toBe(false);
});

test("one that goes back with the fleet says so by its receipt, from when it begins", () => {
  const status = statusOf({ node, signer, head, state: "reverting", backAt: at });
  const receipt =
    status.receipt === null || status.receipt === undefined
      ? null
      : openReceipt(status.receipt, signer.publicKey);
  expect(sightOfStatus({ status, receipt, silentMs: 0 }, head)).toMatchObject({
    isGoingBack: true,
    isProven: false,
  });
  expect(sightOfStatus({ status, receipt, silentMs: 0 }, other).isGoingBack).toBe(false);
  expect(sightOfStatus(said("committed"), head).isGoingBack).toBe(false);
});

test("what is said of another head says nothing of this one", () => {
  expect(sightOfStatus(said("committed"), other)).toMatchObject({
    hasHead: false,
    isProven: false,
    asksHold: false,
  });
});

test("a node that lost contact says so, and one that is unhealthy after its commit may ask to stop the fleet", () => {
  const lost = said("reverted", { problem: { code: "contact-lost", message: "nobody answered", at } });
  expect(sightOfStatus(lost, head)).toMatchObject({ lostContact: true, problem: "nobody answered" });
  expect(sightOfStatus(said("reverted"), head).lostContact).toBe(false);
  const locked = { reason: "switch-locked", detail: "somebody else switches the system now" };
  const old = { code: "space-missing", message: "of yesterday", at };
  expect(sightOfStatus(said("staged", { waiting: locked, problem: old }), head).problem).toBe(locked.detail);
  const waiting = { reason: "unhealthy-holds-fleet", detail: "check web fails since the commit" };
  expect(sightOfStatus(said("committed", { waiting }), head).asksHold).toBe(true);
  expect(sightOfStatus(said("committed", { waiting }), other).asksHold).toBe(false);
});

test("one whose work did not come back after its restart says so in its own words", () => {
  const waiting = { reason: "undrain-failed", detail: "the undrain failed 3 times" };
  expect(sightOfStatus(said("committed", { waiting }), head)).toMatchObject({
    waiting: "undrain-failed",
    problem: "the undrain failed 3 times",
  });
});
