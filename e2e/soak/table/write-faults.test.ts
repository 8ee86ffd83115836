import { expect, test } from "vitest";
import { faultsText, readFaults } from "./write-faults.ts";

test("docs/faults.md is what the ledgers give: write it anew with `npm run soak -- table`", async () => {
  const page = await faultsText();
  expect(await readFaults()).toBe(page);
  // Whoever commits a failed trial says in e2e/ledger/*-findings.json what became of it.
  expect(page).not.toContain("**open**");
});
