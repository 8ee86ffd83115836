import { expect, test } from "vitest";
import { isGateAlone } from "./startup-jobs.ts";

const gate = `  7 chimera-gate.service start running
 8 boot-complete.target       start waiting
 9 systemd-bless-boot.service start waiting
`;

test("a boot that waits for the gate and what stands behind it has started the rest", () => {
  expect(isGateAlone(gate)).toBe(true);
});

test("anything else that is still being started counts", () => {
  expect(isGateAlone(`${gate} 11 web.service start running\n`)).toBe(false);
  expect(isGateAlone(" 8 boot-complete.target start waiting\n")).toBe(false);
  expect(isGateAlone("")).toBe(false);
  expect(isGateAlone("No jobs running.\n")).toBe(false);
});
