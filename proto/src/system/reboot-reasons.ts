/** PURE. Why a running machine cannot become another system without a restart; each in words. */

export interface RestartFacts {
  /** Names that differ between the running system and the wanted one; null when a list is unreadable. */
  inhibitors: readonly string[] | null;
  /** Another interface of init: only a restart brings it. */
  isInitChanged: boolean;
  /** Kernel, modules or parameters differ from the booted ones: in words. */
  kernel: string | null;
  /** The GPU driver is another than the wanted system's: in words. */
  driver: string | null;
  /** What such a restart brings as well, as another initrd or systemd: shown with a reason, and none by itself. */
  along: readonly string[];
}

/** As much of a reason as the journal takes. */
const maxReason = 512;

export function rebootReasons(facts: RestartFacts): string[] {
  const { kernel, driver, along } = facts;
  const reasons = [
    ...inhibitorReasons(facts),
    ...initReasons(facts),
    ...(driver === null ? [] : [driver]),
    ...(kernel === null ? [] : [kernel]),
  ];
  return reasons.length === 0 ? [] : [...reasons, ...along];
}

export function inhibitorReasons({ inhibitors }: Pick<RestartFacts, "inhibitors">): string[] {
  if (inhibitors === null) return ["the switch inhibitors of the systems could not be compared"];
  return inhibitors.length === 0
    ? []
    : [`switch inhibitors differ: ${inhibitors.join(", ")}`.slice(0, maxReason)];
}

export function initReasons({ isInitChanged }: Pick<RestartFacts, "isInitChanged">): string[] {
  return isInitChanged ? ["the interface of init differs"] : [];
}
