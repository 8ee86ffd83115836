/** Until when a head consents: long enough for its own window, waves and deadline, and no longer. */
import { WorldId } from "@chimera/proto/names";
import { HeadPolicy } from "@chimera/proto/signed/head";
import { expect, test } from "vitest";
import { checkConsent, consentEndMs, consentLines, type Consent } from "./consent.ts";

const revertTo = WorldId.parse("a".repeat(64));
const fromMs = Date.parse("2026-11-23T17:00:00.000Z");
const wave = (size: number) => ({ list: "b".repeat(64), size });
const rollout = {
  waves: [wave(1), wave(9)],
  maxFailed: 0,
  onFailure: "return",
  maxUnavailable: null,
  proven: 50,
  deadline: null,
  onDeadline: "hold",
};
const night = { reboot: "window", rebootWindow: { from: "02:00", to: "04:00" } };

interface Case {
  policy?: object;
  rollout?: object;
  consent?: Partial<Consent>;
}

function subjectOf({ policy = {}, rollout: over = {}, consent = {} }: Case) {
  return {
    policy: HeadPolicy.parse({ reboot: "never", ...policy, rollout: { ...rollout, ...over } }),
    consent: { askedMs: null, moving: [1, 9], ...consent },
    fromMs,
  };
}

function endOf(one: Case): string | null {
  const ms = consentEndMs(subjectOf(one), revertTo);
  return ms === null ? null : new Date(ms).toISOString().slice(5, 16);
}

test.each<[string, Case, string | null]>([
  ["two hours for what is done in less", {}, "11-23T19:00"],
  // An hour to fetch, then 50 turns of 5 minutes and 2 of probation.
  [
    "as long as one after the other takes",
    { rollout: { maxUnavailable: 2 }, consent: { moving: [0, 100] } },
    "11-23T23:50",
  ],
  [
    "ten minutes more a turn where nodes restart",
    { policy: { reboot: "when-needed" }, rollout: { maxUnavailable: 2 }, consent: { moving: [0, 100] } },
    "11-24T08:10",
  ],
  [
    "as long as the head's own probation and activation ask for",
    { policy: { probationSeconds: 3600, activationSeconds: 1800 } },
    "11-23T21:00",
  ],
  ["until the window's end, and a turn", { policy: night }, "11-24T04:17"],
  [
    "over as many nights as it needs",
    { policy: night, rollout: { maxUnavailable: 1 }, consent: { moving: [1, 9] } },
    "11-25T04:17",
  ],
  ["for a day more where only the nodes know their window", { policy: { reboot: "window" } }, "11-24T18:51"],
  ["no window where nothing is to change", { policy: night, consent: { moving: [0, 0] } }, "11-23T19:00"],
  ["past the deadline", { rollout: { deadline: "2026-11-24T09:00:00.000Z" } }, "11-24T09:07"],
  ["seven days at most", { rollout: { maxUnavailable: 1 }, consent: { moving: [5000] } }, "11-30T17:00"],
  ["as somebody said", { policy: night, consent: { askedMs: 60_000 } }, "11-23T17:01"],
  ["not at all where a failure pauses", { rollout: { onFailure: "pause" } }, null],
])("a head consents %s", (_, one, expected) => {
  expect(endOf(one)).toBe(expected);
});

test("without a world before it, or without waves, there is nothing to consent to", () => {
  expect(consentEndMs(subjectOf({}), null)).toBeNull();
  expect(consentEndMs({ ...subjectOf({}), policy: {} }, revertTo)).toBeNull();
});

function linesOf(one: Case): string[] {
  const subject = subjectOf(one);
  return consentLines(subject, consentEndMs(subject, revertTo));
}

test("a window that lies beyond the consent is named, with what would be enough", () => {
  expect(linesOf({ policy: night })).toEqual([
    "it goes back by itself, should it fail by 2026-11-24T04:17:00.000Z",
  ]);
  expect(linesOf({ policy: night, consent: { askedMs: 2 * 3_600_000 } })[1]).toMatch(
    /may last until 2026-11-24T04:17:00\.000Z \(restarts only in the window 02:00-04:00 UTC\): when it fails after 2026-11-23T19:00:00\.000Z it only pauses.*--consent 12h$/u,
  );
  expect(linesOf({ rollout: { maxUnavailable: 1 }, consent: { moving: [5000] } })[1]).toMatch(
    /\(1 at once\).*--consent 584h$/u,
  );
  expect(linesOf({ consent: { askedMs: 20 * 60_000 } })).toHaveLength(1);
  expect(linesOf({ rollout: { onFailure: "pause" } })).toEqual([]);
});

test("a span that nothing would use, or nobody remember, is refused", () => {
  expect(() => checkConsent(3_600_000, "pause")).toThrow("--consent says nothing with --on-failure pause");
  expect(() => checkConsent(31 * 86_400_000, "return")).toThrow("at most 30d");
  expect(checkConsent(undefined, "pause")).toBeUndefined();
});
