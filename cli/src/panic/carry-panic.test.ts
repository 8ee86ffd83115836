/** A panic to a node that was not heard before, and lacks more key sets than one delivery holds. */
import { answerMark, Delivery } from "@chimera/proto/delivery";
import { seal } from "@chimera/proto/signed/envelope";
import { expect, test } from "vitest";
import { testIo } from "../../test/fixture/operator.ts";
import { quietLocalStatus } from "../../test/fixture/quiet-local-status.ts";
import { createSignedFleet } from "../../test/fixture/signed-fleet.ts";
import { verifyHead } from "../fleet/verify-documents.ts";
import { longerChain } from "../ssh/fleet/known-fleet.ts";
import type { Ssh } from "../ssh/transport/ssh-client.ts";
import { sshSettings } from "../ssh/transport/ssh-settings.ts";
import { carryPanic } from "./carry-panic.ts";

const fleet = createSignedFleet(["a"]);
const { fleetId } = fleet;
const [first] = fleet.chain;
if (first === undefined) throw new Error("no keys");
const sets = Array.from({ length: 40 }, (_, i) =>
  seal("keys", { ...first.set, version: i + 2, fleetId }, [fleet.signer("root")]),
);
const chain = longerChain(fleet.chain, sets);
const head = fleet.head(7, fleet.world());
const { envelope: status } = fleet.node("a").reporting({ fleetId });

test("gets them one delivery after the other, and the refusals on the way are told to nobody", async () => {
  if (status === undefined) throw new Error("it is signed");
  let version = 1;
  const brought: number[] = [];
  const ssh: Ssh = {
    options: [],
    knownHosts: undefined,
    targetOf: sshSettings(undefined, []).targetOf,
    watch: () => Promise.resolve(),
    run({ input = "" }) {
      const { keySets } = Delivery.parse(JSON.parse(input)).documents;
      brought.push(keySets.length);
      for (const envelope of keySets) if (chain[version]?.envelope.payload === envelope.payload) version += 1;
      const taken = version === chain.length;
      const verdict = taken
        ? { document: "panic", verdict: "accepted", code: null, reason: "" }
        : { document: "panic", verdict: "refused", code: "keys-skipped", reason: "a gap" };
      const keys = chain[version - 1]?.envelope ?? null;
      const report = { status, keys, head: null, panic: null, rollout: null, proofs: [] };
      const said = { v: 1, ok: true, outcome: "delivered", status: quietLocalStatus, report };
      const stdout = `${answerMark}${JSON.stringify({ ...said, verdicts: [verdict] })}\n`;
      return Promise.resolve({ exitCode: 0, stdout, stderr: "" });
    },
  };
  const { io, said: told } = testIo("/tmp");
  const trust = { fleetId, roles: fleet.roles, chain, known: new Set<never>(), vouched: undefined };
  const carried = carryPanic({
    io,
    ssh,
    json: false,
    ended: new AbortController().signal,
    fleetId,
    surveyed: [],
    leaves: fleet.world(),
    chain,
    head: verifyHead({ id: head.id, envelope: head.envelope }, trust),
    envelope: fleet.panic(head).envelope,
    watched: { watch: () => undefined },
  });
  await carried.tried();
  expect(brought).toEqual([16, 16, 16, 8]);
  expect(carried.isStored()).toBe(true);
  expect(told.err).toBe("");
});
