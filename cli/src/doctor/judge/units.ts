/** PURE. Chimera's units as systemd runs them: that they run, and what they may do. */
import type { UnitFacts } from "../facts.ts";
import { fail, fine, warn, type Found } from "./found.ts";

export function judgeRuns(unit: string, facts: UnitFacts): Found {
  const at = { check: "unit", where: unit };
  if (facts === null) {
    return warn(at, {
      what: "systemd does not answer",
      why: "without it nobody starts what has died",
      mend: "run this on the machine itself, as root",
    });
  }
  if (facts["LoadState"] !== "loaded") {
    return fail(at, {
      what: "the unit is not there",
      why: "this machine's system was built without it",
      mend: "services.chimera.… .enable = true, and deploy (docs/nix.md)",
    });
  }
  if (facts["ActiveState"] === "active") return fine(at, "it runs");
  return fail(at, {
    what: `it is ${facts["ActiveState"] ?? "?"} (${facts["SubState"] ?? "?"}, result ${facts["Result"] ?? "?"})`,
    why: "what it does is not done",
    mend: `journalctl -u ${unit} -e, then systemctl restart ${unit}`,
  });
}

/** One that is there for its time: at boot. */
export function judgeLoaded(unit: string, facts: UnitFacts): Found[] {
  if (facts === null) return [];
  const at = { check: "unit", where: unit };
  if (facts["LoadState"] === "loaded" && facts["ActiveState"] !== "failed")
    return [fine(at, "it is there for the next boot")];
  const what = facts["LoadState"] === "loaded" ? "it failed at this boot" : "the unit is not there";
  const why = "what a crash left half done is finished by it before anything else runs";
  return [fail(at, { what, why, mend: `journalctl -b -u ${unit}; deploy again if it is missing` })];
}

/** Each would make a mount namespace, or take a right from root, and every session would inherit it. */
const forbiddenToSentinel: readonly [string, (value: string) => boolean][] = [
  ["PrivateTmp", isOn],
  ["PrivateDevices", isOn],
  ["ProtectSystem", isOn],
  ["ProtectHome", isOn],
  ["NoNewPrivileges", isOn],
];
const dueToSentinel: readonly [string, string][] = [
  ["Restart", "always"],
  ["KillMode", "mixed"],
  ["RuntimeDirectoryMode", "0700"],
];

export function judgeSentinel(facts: UnitFacts): Found[] {
  if (facts === null || facts["LoadState"] !== "loaded") return [];
  const at = { check: "unit-settings", where: "chimera-sentinel.service" };
  const forbidden = forbiddenToSentinel.filter(([name, isWrong]) => isWrong(facts[name] ?? "no"));
  const missing = dueToSentinel.filter(([name, due]) => (facts[name] ?? due) !== due);
  if (forbidden.length + missing.length === 0) return [fine(at, "it is set as it must be")];
  const said = [
    ...forbidden.map(([name]) => `${name} is on`),
    ...missing.map(([name, due]) => `${name} is ${facts[name]}, not ${due}`),
  ];
  const why =
    "activations and sessions inherit a namespace or a missing right; and the agent must come back by itself";
  return [
    fail(at, { what: said.join(", "), why, mend: "take the override away: systemctl cat chimera-sentinel" }),
  ];
}

const dueToController: readonly [string, (value: string) => boolean][] = [
  ["NoNewPrivileges", isOn],
  ["PrivateDevices", isOn],
  ["PrivateTmp", isOn],
  ["ProtectHome", isOn],
  ["ProtectSystem", (value) => value === "strict"],
  ["RestrictNamespaces", isOn],
  ["CapabilityBoundingSet", (value) => value === ""],
  ["User", (value) => value !== "" && value !== "root"],
];

export function judgeControllerUnit(facts: UnitFacts): Found[] {
  if (facts === null || facts["LoadState"] !== "loaded") return [];
  const at = { check: "unit-settings", where: "chimera-controller.service" };
  const off = dueToController.filter(([name, isRight]) => !isRight(facts[name] ?? ""));
  if (off.length === 0) return [fine(at, "it can write to its own folders, and nothing else")];
  const what = `less is taken from it than could be: ${off.map(([name]) => name).join(", ")}`;
  const why = "who breaks into the controller gets what its unit may do";
  return [
    warn(at, {
      what,
      why,
      mend: "use services.chimera.controller as it is (nix/modules/controller-sandbox.nix)",
    }),
  ];
}

function isOn(value: string): boolean {
  return !["no", "", "disconnected"].includes(value);
}
