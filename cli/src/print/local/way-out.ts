/** PURE. What a person may do about what a node waits for, by the reason that the node gives. */

const look = "it is looked at again by itself; systemctl --failed and journalctl -b -p warning say more";

const ways: Readonly<Record<string, string>> = {
  starting: "wait a moment",
  fetching: "wait, or see that the cache can be reached",
  "backing-off": "mend what it names: it is tried again by itself",
  "no-head": "an operator publishes one: chimera deploy",
  paused: "an operator decides: chimera status, chimera rollback",
  equivocation: "an operator publishes a higher one: chimera deploy",
  "reboot-window": "wait for it, or deploy with --reboot when-needed",
  "switch-locked": "wait until the other switch ends: look for nixos-rebuild and switch-to-configuration",
  "foreign-system":
    "chimera local apply keeps it for a while, a deploy for good, chimera local revert leaves it",
  "booted-other":
    "a restart into the default, chimera local release or the next deploy leads back to what is signed",
  "no-target": "an operator publishes a head with a system for this node: chimera deploy",
  "panic-no-target": "an operator publishes a head with a system for this node: chimera deploy",
  quarantined: "an operator deploys another system, or pardons this one: chimera quarantine pardon",
  held: "wait until it is over, or have it released",
  reverted: "mend the system and deploy it anew: the same one is not tried again",
  refused: "mend what it names, then deploy anew",
  "revert-failed":
    "this needs a person: read the problem, then chimera local apply or revert, or a newer head",
  stuck: "this needs a person: read the problem, then chimera local apply or revert, or a newer head",
  "system-unknown": look,
  "unit-unknown": look,
  "units-unknown": look,
  "preflight-unknown": look,
  "inhibitors-unknown": look,
  "dead-man-unknown": look,
};

export function wayOut(reason: string): string {
  return (
    (Object.hasOwn(ways, reason) ? ways[reason] : undefined) ??
    "wait; journalctl -u chimera-sentinel says more"
  );
}
