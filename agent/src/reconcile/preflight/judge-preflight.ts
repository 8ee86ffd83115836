/** PURE. The last look before a switch: go, go by a restart, wait, or refuse; each with its reason as data. */
import type { ErrorCode } from "@chimera/proto/errors";
import { inhibitorReasons, initReasons, rebootReasons } from "@chimera/proto/system/reboot-reasons";
import { bootLack, mebibytesUp, storeLack } from "@chimera/proto/system/space";
import type { PreflightFacts } from "./preflight-facts.ts";

export type Preflight =
  | { kind: "go" }
  | { kind: "reboot"; reasons: string[] }
  | { kind: "wait"; reason: string; detail: string }
  | { kind: "refuse"; code: ErrorCode; message: string };

/** Space that a switch leaves free. */
export interface Reserve {
  storeBytes: number;
  bootBytes: number;
}

/** Forward, to a system that has not proved itself. */
export function judgePreflight(facts: PreflightFacts, reserve: Reserve): Preflight {
  return refusal(facts, reserve) ?? pause(facts) ?? restart(rebootReasons(facts));
}

/** Back, to a system that ran here before: nothing is refused, since there is nothing better. */
export function judgeWayBack(facts: PreflightFacts): Preflight {
  // What cannot be compared does not stand in the way of the only way there is.
  const known = facts.inhibitors === null ? [] : inhibitorReasons(facts);
  const reasons = [...known, ...initReasons(facts)];
  return reasons.length === 0 ? { kind: "go" } : { kind: "reboot", reasons };
}

function restart(reasons: string[]): Preflight {
  return reasons.length === 0 ? { kind: "go" } : { kind: "reboot", reasons };
}

function refusal(facts: PreflightFacts, reserve: Reserve): Preflight | null {
  const { isSystem, platform } = facts;
  if (!isSystem)
    return refuse("closure-mismatch", "it has no nixos-version or no bin/switch-to-configuration");
  const { machine, wanted } = platform;
  if (machine !== null && wanted !== null && machine !== wanted) {
    return refuse("closure-mismatch", `it is built for ${wanted}, this machine is ${machine}`);
  }
  return spaceRefusal(facts, reserve);
}

function spaceRefusal({ storeFreeBytes, boot }: PreflightFacts, reserve: Reserve): Preflight | null {
  const store = { freeBytes: storeFreeBytes ?? Infinity, reserveBytes: reserve.storeBytes };
  const lack = storeLack(0, store);
  if (lack > 0) return refuse("space-missing", `/nix/store lacks ${mebibytesUp(lack)}`);
  const room = { freeBytes: boot?.freeBytes ?? Infinity, reserveBytes: reserve.bootBytes };
  const bootMissing = bootLack(boot?.neededBytes ?? 0, room);
  return bootMissing === 0
    ? null
    : refuse("space-missing", `the boot partition lacks ${mebibytesUp(bootMissing)}`);
}

function pause({ switchLock }: PreflightFacts): Preflight | null {
  if (switchLock === null) return null;
  return {
    kind: "wait",
    reason: "switch-locked",
    detail: `somebody else switches the system now: ${switchLock}`,
  };
}

function refuse(code: ErrorCode, message: string): Preflight {
  return { kind: "refuse", code, message };
}
