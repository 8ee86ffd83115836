/** PURE. Which settings of something that exists differ from the wanted ones; what is not wanted is not looked at. */

export interface SettingDifference {
  setting: string;
  wanted: unknown;
  found: unknown;
}

export function settingDifferences(
  wanted: Readonly<Record<string, unknown>>,
  found: Readonly<Record<string, unknown>>,
): SettingDifference[] {
  return Object.entries(wanted)
    .filter(([setting, value]) => JSON.stringify(value) !== JSON.stringify(found[setting]))
    .map(([setting, value]) => ({ setting, wanted: value, found: found[setting] ?? null }));
}
