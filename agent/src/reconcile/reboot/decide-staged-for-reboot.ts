/** PURE. What needs a restart waits until its policy allows it, and a way back until somebody does it or it may itself. */
import type { Decision, Desired } from "../decision.ts";
import { isLeftBooted, standOnBooted } from "../foreign/booted-other.ts";
import { snapshot } from "../forward/snapshot.ts";
import { homeOf, isWayBack } from "../journal.ts";
import { go, refuse, stand, wait, type Situation } from "../plan.ts";
import { fallBack } from "./order-restart.ts";
import { isInWindow } from "./reboot-window.ts";

export function decideStagedForReboot(situation: Situation, desired: Desired | null): Decision {
  const { journal, observed } = situation;
  if (journal.isGoingBack) return waitForWayBack(situation);
  const reasons = journal.rebootReasons.join("; ");
  // Somebody restarted into it by hand: it is looked at as any system that runs without being proven.
  if (observed.system.current === journal.toplevel) return go(situation, { step: "staged" });
  if (isLeftBooted(situation, desired)) return standOnBooted(situation);
  if (desired !== null && desired.blocked !== null) return stand(journal, desired.blocked);
  if (observed.preflight === null)
    return wait(situation, "preflight-unknown", "the loader could not be read");
  return awaitPolicy(situation, reasons) ?? refusalOf(situation) ?? prepare(situation);
}

function waitForWayBack(situation: Situation): Decision {
  const { policy, rebootReasons } = situation.journal;
  if (isHomeAgain(situation)) return cameHome(situation);
  if (policy.panicReboot === "now") return fallBack(situation);
  return wait(situation, "needs-reboot", `going back needs a restart: ${rebootReasons.join("; ")}`);
}

/** Somebody activated it live, whatever stood against that. */
function isHomeAgain({ observed, journal }: Situation): boolean {
  const { current } = observed.system;
  return current !== null && current === homeOf(journal);
}

function cameHome(situation: Situation): Decision {
  const step = isWayBack(situation.journal) ? "committing" : "reverting";
  return go(situation, { step, systemBack: true, isGoingBack: false, bootSet: false });
}

/** Null when the policy allows it now. */
function awaitPolicy(situation: Situation, reasons: string): Decision | null {
  const { journal, observed } = situation;
  const { reboot, rebootWindow } = journal.policy;
  if (reboot === "never") {
    return wait(situation, "needs-reboot", `${reasons}; the policy is to restart never`);
  }
  const isOpen = rebootWindow !== null && isInWindow(rebootWindow, observed.at);
  if (reboot === "when-needed" || isOpen) return null;
  const when = rebootWindow === null ? "none is set" : `${rebootWindow.from}-${rebootWindow.to} UTC`;
  return wait(situation, "reboot-window", `${reasons}; waits for the window: ${when}`);
}

function refusalOf(situation: Situation): Decision | null {
  const { journal, observed } = situation;
  const { toplevel, policy } = journal;
  if (observed.preflight?.hasAgent === false) {
    return refuse(situation, "activation-failed", `${toplevel} has no agent: it could not prove itself`);
  }
  if (observed.preflight?.loader === "none" && !policy.acceptUnprotected) {
    const message = "reboot-unprotected: the loader cannot boot it once and come back by itself";
    return refuse(situation, "activation-failed", message);
  }
  return null;
}

function prepare(situation: Situation): Decision {
  if (situation.observed.system.current === null) {
    return wait(situation, "system-unknown", "the running system could not be read");
  }
  return go(situation, {
    ...snapshot(situation),
    step: "preparing-reboot",
    rebootStage: "none",
    transitions: 0,
    bootSet: false,
  });
}
