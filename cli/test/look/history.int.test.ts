/** What became of heads and panics, through the real controller and its stream: long after nodes speak of something else. */
import { FleetView } from "@chimera/proto/api";
import { sha256 } from "@chimera/proto/signed/canonical";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startDevFleet, type DevFleet } from "../fixture/dev-fleet.ts";
import { toplevel } from "../fixture/signed-fleet.ts";

let fleet: DevFleet;
const patience = { timeout: 20_000, interval: 100 };

beforeAll(async () => {
  fleet = await startDevFleet(["n1", "n2"]);
  await fleet.connectNodes();
  const first = idOf(await publish("one"));
  for (const name of ["n1", "n2"]) tellReceipt(name, { id: first, serial: 1 }, { current: toplevel("one") });
  const second = idOf(await publish("two"));
  const about = { id: second, serial: 2 };
  tellReceipt("n1", about, { state: "reverted", current: toplevel("one"), target: toplevel("two") });
  // In the name of another: its key did not sign it.
  fleet.node("n2").tell("receipt", { receipt: receiptOf("n1", about, { current: toplevel("two") }) });
  const order = { epoch: 0, serial: 2, rank: 0, id: second, local: null };
  const problem = { code: "activation-failed", message: "unit web\u001b[2J failed" };
  fleet
    .node("n1")
    .tell("state-changed", { from: "reverting", to: "reverted", toplevel: null, order, problem });
  const { code, err } = await fleet.chimera("panic", "--yes", "--no-follow");
  if (code !== 0) throw new Error(err);
  const { panic } = FleetView.parse((await fleet.http("GET", "/v1/fleet")).body);
  const undone = { id: panic?.id ?? "", serial: 2, kind: "panic" };
  tellReceipt("n1", undone, { current: toplevel("one") });
  await vi.waitUntil(async () => (await history()).includes("1 committed, 1 never"), patience);
});
afterAll(() => fleet.close());

async function publish(word: string): Promise<Envelope> {
  return fleet.publish([fleet.leaf("n1", word), fleet.leaf("n2", word)]);
}

function idOf({ payload }: Envelope): string {
  return sha256(Buffer.from(payload, "base64"));
}

interface About {
  id: string;
  serial: number;
  kind?: string;
}

interface Changes {
  current: string;
  state?: string;
  target?: string;
}

/** Committed with what runs, unless `changes` say otherwise. */
function receiptOf(name: string, { id, serial, kind = "head" }: About, changes: Changes): Envelope {
  const at = new Date().toISOString();
  const times = { ack: at, active: at, pointer: at, boot: at };
  const document = { kind, id, epoch: 0, serial };
  return fleet
    .node(name)
    .receiptOf(id, { document, state: "committed", target: changes.current, times, ...changes });
}

function tellReceipt(name: string, about: About, changes: Changes): void {
  fleet.node(name).tell("receipt", { receipt: receiptOf(name, about, changes) });
}

async function history(...args: string[]): Promise<string> {
  const { code, out, err } = await fleet.chimera("history", ...args);
  expect(code, err).toBe(0);
  return out;
}

test("each head and panic has what became of it, by the nodes' own signatures", async () => {
  const [title, ...rows] = (await history()).trimEnd().split("\n");
  expect(title).toMatch(/^SERIAL +WHEN \(UTC\) +WHO +MODE +WORLD +ROLLOUT +RESULT +REASON$/u);
  expect(rows).toEqual([
    expect.stringMatching(
      /^2\+panic +20\S+ \S+ +key dev-panic +panic +\w{12} +- +1 committed, 1 never answered/u,
    ),
    expect.stringMatching(/^2 +20\S+ \S+ +anna +deploy +\w{12} +- +1 reverted, 1 never answered/u),
    expect.stringMatching(/^1 +20\S+ \S+ +anna +deploy +\w{12} +- +2 committed/u),
  ]);
  const { err } = await fleet.chimera("history");
  expect(err).toBe("warning: 1 receipts are not signed by their nodes' keys, and left out");
});

test("one of them is shown node by node, with reasons; who needs a look comes first", async () => {
  expect(await history("2")).toMatch(
    /\nNODE +RESULT +STATE +WHEN \(UTC\) +PROOF +WHY\nn1 +reverted +reverted +20\S+ \S+ +signed +activation-failed: unit web failed\nn2 +never answered +- +- +-$/u,
  );
  expect(await history("0.2+panic")).toMatch(
    /\nn2 +never answered .*\nn1 +committed +committed +20.* signed$/u,
  );
});

test("programs get the same as data", async () => {
  expect(JSON.parse(await history("--json", "--limit", "2"))).toMatchObject({
    heads: [{ serial: 2, mode: "deploy", results: { reverted: 1, silent: 1, signed: 1 }, rollout: null }],
    panics: [{ serial: "2+panic", results: { committed: 1, silent: 1 } }],
    more: 1,
  });
  expect(JSON.parse(await history("1", "--json"))).toMatchObject({
    serial: "1",
    nodes: [
      { node: "n1", outcome: "committed", signed: true },
      { node: "n2", outcome: "committed", signed: true },
    ],
  });
});

test("what is not there is named", async () => {
  for (const word of ["9", "1+panic", "x", "2+panic+panic"]) {
    expect(await fleet.chimera("history", word)).toMatchObject({
      code: 66,
      err: expect.stringContaining(`"${word}": no head of the history`),
    });
  }
  expect(await fleet.chimera("history", "--limit", "0")).toMatchObject({ code: 64 });
});

test("all of it is in the timeline too, receipts only where they are asked for", async () => {
  const { out } = await fleet.chimera("timeline", "--kind", "receipt", "--kind", "order");
  expect(out).toMatch(
    /head 0\.1 deploy[\s\S]*receipt of head 0\.1 \(anna\): committed[\s\S]*panic undoes head 0\.2[\s\S]*receipt of panic 0\.2\+panic: committed/u,
  );
});
