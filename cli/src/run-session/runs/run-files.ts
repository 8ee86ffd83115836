/** PURE. What lies in the folder of a run. */

export const files = {
  record: "run.json",
  output: "output.log",
  screen: "screen",
  keeper: "keeper.log",
} as const;
