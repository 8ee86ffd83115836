/** `chimera-agent follow`, beside a real socket: it shows, and changes nothing. */
import { generateKey } from "@chimera/proto/signed/keys";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { firstKeySet, fleetId, node } from "../control/fleet-fixture.ts";
import { answerIn, startReceiver, type Receiver } from "./receiver-fixture.ts";
import { openTrustedDesk } from "./trusted-desk-fixture.ts";

const patient = { timeout: 20_000 };
let receiver: Receiver;

beforeEach(async () => {
  const cacheKey = generateKey("cache").public;
  receiver = await startReceiver({
    node,
    fleetId,
    trustedKeys: firstKeySet,
    cacheKey,
    openDesk: openTrustedDesk,
  });
});
afterEach(() => receiver.dispose());

test("a follower says each change as a signed report, goes on without an agent, and ends with its input", async () => {
  const follower = receiver.start(["follow", "3", "--json"]);
  const lines: string[] = [];
  follower.stdout.on("data", (piece: Buffer) => lines.push(piece.toString("utf8")));
  await vi.waitFor(() => expect(answerIn(lines.join(""))).toMatchObject({ outcome: "reported" }), patient);
  receiver.stopAgent();
  await vi.waitFor(() => expect(lines.join("")).toContain("no agent answers"), patient);
  follower.stdin.end();
  expect((await follower).exitCode).toBe(0);
});

test("for people it prints a line a change", async () => {
  const follower = receiver.start(["follow", "7"]);
  const said: string[] = [];
  follower.stdout.on("data", (piece: Buffer) => said.push(piece.toString("utf8")));
  await vi.waitFor(() => expect(said.join("")).toMatch(/^\d\d:\d\d:\d\d head 7: committed\n$/u), patient);
  follower.kill();
  await follower;
});
