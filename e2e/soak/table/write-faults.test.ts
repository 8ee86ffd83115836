import { expect, test } from "vitest";
import { readLedger, rolloutLedger } from "../ledger/ledger-file.ts";
import { RolloutLine } from "../rollout/ledger-line.ts";
import { rolloutFaults } from "../rollout/rollout-faults.ts";
import { faultsText, readFaults } from "./write-faults.ts";

test("docs/faults.md is what the ledgers give: write it anew with `npm run soak -- table`", async () => {
  const page = await faultsText();
  expect(await readFaults()).toBe(page);
  // Whoever commits a failed trial says in e2e/ledger/*-findings.json what became of it.
  expect(page).not.toContain("**open**");
});

test("every fault was tried at every moment that it has, and one trial of each ended as it may", async () => {
  const lines = await readLedger(rolloutLedger, RolloutLine);
  const met = new Set(
    lines.filter(({ hit, ok }) => hit && ok).map(({ fault, moment }) => `${fault}; ${moment}`),
  );
  const cells = [...rolloutFaults].flatMap(([fault, { moments }]) =>
    moments.map((moment) => `${fault}; ${moment}`),
  );
  // `npm run soak -- rollout --missing` does just these.
  expect(cells.filter((cell) => !met.has(cell))).toEqual([]);
});
