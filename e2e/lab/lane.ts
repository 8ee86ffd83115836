// SHELL. Which of this machine's labs is ours. Two may be up side by side, each with names, folders and a network of its own.

export const lanes: readonly number[] = [1, 2, 3, 4];

/** From CHIMERA_LAB_LANE; in a scenario the number of the test runner's worker. */
export const lane = laneOf(process.env);

export function laneOf(env: Readonly<Record<string, string | undefined>>): number {
  const chosen = Number(env["CHIMERA_LAB_LANE"] ?? env["VITEST_POOL_ID"] ?? "1");
  return lanes.includes(chosen) ? chosen : 1;
}

/** Of something that each lane has one of: the first lane's name is the plain one. */
export function inLane(name: string, one = lane): string {
  return one === 1 ? name : `${name}-${one}`;
}
