/** PURE. How a fleet moves to a head, in a line. */
import type { HeadPolicy } from "@chimera/proto/signed/head";

/** Empty where all is the nodes' own. */
export function policyText(policy: HeadPolicy): string {
  const { probationSeconds, activationSeconds, checks, units } = policy;
  const parts = [
    ...rebootParts(policy),
    ...some("probation", probationSeconds, " s"),
    ...some("activation at most", activationSeconds, " s"),
    ...some("after commit", policy.afterCommit),
    ...rolloutParts(policy),
    ...named(
      "checks",
      checks?.map(({ name }) => name),
    ),
    ...named(
      "unit rules",
      units?.map(({ unit }) => unit),
    ),
  ];
  return parts.length === 0 ? "" : `policy: ${parts.join("; ")}\n`;
}

function rolloutParts({ rollout }: HeadPolicy): string[] {
  if (rollout === undefined) return [];
  const { waves, maxFailed, onFailure, maxUnavailable, proven, deadline, onDeadline } = rollout;
  return [
    `${waves.length} waves`,
    `${onFailure} after more than ${maxFailed} failed`,
    `${proven} % of a wave must commit`,
    ...(maxUnavailable === null ? [] : [`${maxUnavailable} at once`]),
    ...(deadline === null ? [] : [`${onDeadline} at ${deadline}`]),
  ];
}

/** A line a wave; empty where everybody goes at once. */
export function wavesText(waves: readonly (readonly string[])[]): string {
  return waves
    .map((nodes, index) => `wave ${index + 1}: ${nodes.slice(0, shownNodes).join(", ")}${moreText(nodes)}\n`)
    .join("");
}

const shownNodes = 12;

function moreText(nodes: readonly string[]): string {
  return nodes.length > shownNodes ? `, … (${nodes.length})` : "";
}

function rebootParts({ reboot, rebootWindow, acceptUnprotected, panicReboot }: HeadPolicy): string[] {
  const window = rebootWindow === undefined ? undefined : `${rebootWindow.from}-${rebootWindow.to} UTC`;
  const unprotected = acceptUnprotected === true ? "also unprotected" : "never unprotected";
  return [
    ...some("reboot", reboot),
    ...some("reboot window", window),
    ...(acceptUnprotected === undefined ? [] : [unprotected]),
    ...some("panic reboot", panicReboot),
  ];
}

function some(name: string, value: string | number | undefined, unit = ""): string[] {
  return value === undefined ? [] : [`${name} ${value}${unit}`];
}

function named(what: string, names: readonly string[] | undefined): string[] {
  return names === undefined || names.length === 0 ? [] : [`${what} ${names.join(", ")}`];
}
