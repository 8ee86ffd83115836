import { StorePath } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { createStandIn } from "./stand-in.ts";

const path = (name: string) => StorePath.parse(`/nix/store/${name.repeat(32)}-${name}`);
const a = path("a");
const b = path("b");
const start = () => ({ current: a, uptimeMs: 5_000 });

test("the active system's own agent leaves whenever another one is wanted", () => {
  for (const said of [undefined, ""]) {
    const own = createStandIn(said, start);
    expect(own.insteadOf).toBeNull();
    expect(own.isActive(start())).toBe(false);
    expect(own.mayLeave(start())).toBe(true);
  }
});

test("one that stands in stays while the system whose agent fails is active", () => {
  const standIn = createStandIn("/nix/store/x/bin/chimera-agent", start);
  expect(standIn.insteadOf).toBe("/nix/store/x/bin/chimera-agent");
  expect(standIn.isActive({ current: a, uptimeMs: 6_000 })).toBe(true);
  expect(standIn.mayLeave({ current: a, uptimeMs: 6_000 })).toBe(false);
  expect(standIn.isActive({ current: b, uptimeMs: 6_000 })).toBe(false);
  expect(standIn.mayLeave({ current: b, uptimeMs: 6_000 })).toBe(true);
});

test("after an hour the active system's own agent is tried again", () => {
  const standIn = createStandIn("/nix/store/x/bin/chimera-agent", start);
  expect(standIn.mayLeave({ current: a, uptimeMs: 5_000 + 3_599_999 })).toBe(false);
  expect(standIn.mayLeave({ current: a, uptimeMs: 5_000 + 3_600_000 })).toBe(true);
});
