/** PURE. What lies in the folder of a run. */

export const files = {
  record: "run.json",
  output: "output.log",
  cut: "cut.json",
  screen: "screen",
  keeper: "keeper.log",
} as const;
