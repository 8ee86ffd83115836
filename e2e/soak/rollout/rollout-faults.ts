// PURE. What is done to a rollout, by name: each is one kind of trial, and one row of docs/faults.md.
import { z } from "zod";
import type { Fault as SystemFault } from "../../lab/os/system-spec.ts";
import { Moment } from "./moments.ts";

export const End = z.enum(["new", "old", "other"]);
/** The world that was rolled out, the one before it, or the one that somebody else published meanwhile. */
export type End = z.infer<typeof End>;

export interface RolloutFault {
  moments: readonly Moment[];
  deed: DeedName;
  /** Ends beside the usual one: `new`, and `old` of a rollout that goes back by itself. */
  ends?: readonly End[];
  /** Before the head is published. */
  setting?: SettingName;
  /** What the canary's system does. */
  canary?: SystemFault;
  /** Further arguments of `chimera deploy`. */
  args?: readonly string[];
  /** It tells whoever follows that the rollout is over or paused while it goes on. */
  misleads?: boolean;
  /** Until the fleet is at rest. */
  restMs?: number;
}

export type DeedName =
  | "nothing"
  | "kill the lead"
  | "kill every lead"
  | "cut the lead off for 30 s"
  | "cut the lead's power"
  | "cut the power of every lead, for a boot"
  | "kill the controller"
  | "kill NATS"
  | "cut the hub's power, for a boot"
  | "panic"
  | "panic twice at once"
  | "deploy while a panic is released"
  | "two publish at once"
  | "two ask at once"
  | "put the first record again"
  | "let everybody go"
  | "put another head's record"
  | "put garbage"
  | "say committed"
  | "say returned"
  | "take the record away"
  | "cut off half of a wave for 20 s"
  | "cut off the last wave for 150 s";

export type SettingName = "two of five are away" | "leads' clocks 6 h ahead" | "leads' clocks 6 h behind";

/** What only the network does to a wave has a moment of its own. */
const every = Moment.options.filter((moment) => moment !== "last wave");
const asUsual = (deed: DeedName): RolloutFault => ({ deed, moments: every });
const fromTheBeginning = { deed: "nothing", moments: ["committed"] } as const;

export const rolloutFaults = new Map<string, RolloutFault>(
  Object.entries({
    nothing: asUsual("nothing"),
    "the lead is killed": asUsual("kill the lead"),
    "every lead is killed": asUsual("kill every lead"),
    "the lead is cut off for 30 s": asUsual("cut the lead off for 30 s"),
    // Who is in the middle of it then goes back, and that is a failure.
    "the lead loses power": { ...asUsual("cut the lead's power"), ends: ["new", "old"] },
    "every lead loses power, and boots": {
      ...asUsual("cut the power of every lead, for a boot"),
      ends: ["new", "old"],
    },
    "the controller is killed": asUsual("kill the controller"),
    "NATS is killed": asUsual("kill NATS"),
    "the hub loses power, and boots": asUsual("cut the hub's power, for a boot"),
    panic: { deed: "panic", moments: every, ends: ["old"] },
    "panic, twice at once": { deed: "panic twice at once", moments: every, ends: ["old"] },
    "a deployment while a panic is released": {
      deed: "deploy while a panic is released",
      moments: every,
      ends: ["old", "other"],
    },
    "two operators publish at once": {
      deed: "two publish at once",
      moments: every,
      ends: ["old", "other"],
    },
    "two operators ask at once": { ...asUsual("two ask at once"), misleads: true },
    "the record is replayed": asUsual("put the first record again"),
    // Also over an operator's pause, with which the deploy that followed it has ended.
    "the record is edited: everybody may go": { ...asUsual("let everybody go"), misleads: true },
    "the record is of another head": asUsual("put another head's record"),
    "the record is garbage": asUsual("put garbage"),
    "the record is taken away": asUsual("take the record away"),
    "the record is edited: committed": { ...asUsual("say committed"), misleads: true },
    "the record is edited: returned": {
      ...asUsual("say returned"),
      misleads: true,
      ends: ["new", "old"],
    },
    "half of a wave is cut off for 20 s": {
      deed: "cut off half of a wave for 20 s",
      moments: ["last wave"],
      ends: ["new", "old"],
    },
    // It goes back by itself, and the lead waits for a person.
    "a whole wave loses contact for longer than its probation": {
      deed: "cut off the last wave for 150 s",
      moments: ["last wave"],
      ends: ["old"],
      restMs: 300_000,
    },
    "the canary fails at once": {
      ...fromTheBeginning,
      moments: ["returned"],
      canary: "exit2",
      ends: ["old"],
    },
    "the canary fails late": {
      ...fromTheBeginning,
      moments: ["returned"],
      canary: "fail-late",
      args: ["--probation", "25"],
      ends: ["old"],
    },
    "the canary fails only after its commit": {
      ...fromTheBeginning,
      moments: ["paused"],
      canary: "fail-late",
      // It dies 20 s after its start: it has committed, and the wave after it is in probation.
      args: ["--after-commit", "hold-fleet", "--probation", "12"],
      ends: ["old"],
    },
    "two of five are away for the whole rollout": {
      ...fromTheBeginning,
      setting: "two of five are away",
    },
    "the leads' clocks are 6 h ahead": { ...fromTheBeginning, setting: "leads' clocks 6 h ahead" },
    // By their clocks the consent to go back is over.
    "the leads' clocks are 6 h ahead, and the canary fails": {
      ...fromTheBeginning,
      moments: ["paused"],
      setting: "leads' clocks 6 h ahead",
      canary: "exit2",
      ends: ["old"],
    },
    "the leads' clocks are 6 h behind": {
      ...fromTheBeginning,
      moments: ["committed", "returned"],
      setting: "leads' clocks 6 h behind",
    },
  } satisfies Record<string, RolloutFault>),
);

export function rolloutFault(name: string): RolloutFault {
  const fault = rolloutFaults.get(name);
  if (fault === undefined) throw new RangeError(`no fault of rollouts is named ${name}`);
  return fault;
}

/** Where the fleet may end. */
export function endsOf({ ends }: RolloutFault, moment: Moment): readonly End[] {
  return ends ?? (moment === "returned" ? ["old"] : ["new"]);
}
