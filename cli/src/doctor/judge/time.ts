/** PURE. Clocks, and what ends at a certain time: certificates and key sets. */
import type { ClockFacts, HttpProbe, PassFacts } from "../facts.ts";
import { fail, fine, warn, type At, type Found } from "./found.ts";

const day = 86_400_000;
/** Documents count from a second on; five are what a slow line may cost. */
const oddMs = 5_000;
const wrongMs = 60_000;

export function judgeClock({ synchronized }: ClockFacts, controller: HttpProbe | null): Found[] {
  const at = { check: "clock", where: "this machine's clock" };
  const mend = "timedatectl set-ntp true, or the time server that your network has";
  const offsetMs = controller?.offsetMs ?? null;
  const compared = offsetMs === null ? [] : [judgeOffset(offsetMs, { at, mend })];
  if (synchronized === null) return compared;
  if (synchronized) return [fine(at, "it is kept right by a time server"), ...compared];
  const why = "documents expire by it; a clock that runs away takes no new head";
  return [warn(at, { what: "no time server keeps it right", why, mend }), ...compared];
}

function judgeOffset(offsetMs: number, { at, mend }: { at: At; mend: string }): Found {
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  const way = offsetMs > 0 ? "ahead of" : "behind";
  if (Math.abs(offsetMs) < oddMs) return fine(at, "it agrees with the controller's");
  const wrong = {
    what: `it is ${seconds} s ${way} the controller's`,
    why: "a head is taken only while it counts, by the clock of each node",
    mend,
  };
  return Math.abs(offsetMs) < wrongMs ? warn(at, wrong) : fail(at, wrong);
}

export function judgeCertificate(
  where: string,
  { endMs, nowMs }: { endMs: number | null; nowMs: number },
): Found[] {
  if (endMs === null) return [];
  const at = { check: "certificate", where };
  const left = Math.floor((endMs - nowMs) / day);
  if (left >= 21) return [fine(at, `its certificate counts ${left} days more`)];
  const wrong = {
    what: left < 0 ? `its certificate ended ${-left} days ago` : `its certificate ends in ${left} days`,
    why: "then nobody who checks it connects any more",
    mend: "renew it, and reload whoever serves it",
  };
  return [left < 0 ? fail(at, wrong) : warn(at, wrong)];
}

export function judgeKeySet(
  keySet: { version: number; expiresMs: number } | string,
  { where, nowMs }: { where: string; nowMs: number },
): Found {
  const at = { check: "key-set", where };
  if (typeof keySet === "string") {
    return fail(at, {
      what: `no key set can be read: ${keySet}`,
      why: "without one the node takes no head, and trusts the keys of its configuration again",
      mend: "look at the agent's log; chimera local status names files that it could not read",
    });
  }
  const left = Math.floor((keySet.expiresMs - nowMs) / day);
  if (left >= 30) return fine(at, `key set ${keySet.version} counts ${left} days more`);
  const wrong = {
    what: `key set ${keySet.version} ${left < 0 ? `ended ${-left} days ago` : `ends in ${left} days`}`,
    why: "from then on nodes take no head; panic and orders go on",
    mend: "chimera keys renew --root-key FILE, on an operator's machine",
  };
  return left < 0 ? fail(at, wrong) : warn(at, wrong);
}

/** It is renewed at its half: one of which less than a quarter is left was not. */
export function judgePass(
  pass: PassFacts | null,
  { nowMs, renew }: { nowMs: number; renew: string },
): Found[] {
  if (pass === null) return [];
  const at = { check: "nats-pass", where: pass.path };
  const why = "nats-server lets in whoever has a pass that counts, and nobody else";
  if ("problem" in pass)
    return [fail(at, { what: `no pass can be read: ${pass.problem}`, why, mend: renew })];
  const [left, life] = [pass.expiresMs - nowMs, pass.expiresMs - pass.issuedMs];
  const hours = Math.floor(Math.abs(left) / 3_600_000);
  if (left <= 0) return [fail(at, { what: `the pass ended ${hours} hours ago`, why, mend: renew })];
  if (left > life / 4) return [fine(at, `the pass counts ${hours} hours more`)];
  return [warn(at, { what: `the pass counts ${hours} hours more, and was not renewed`, why, mend: renew })];
}
