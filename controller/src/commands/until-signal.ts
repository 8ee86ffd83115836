/** SHELL. Waits until somebody ends the program in the usual way. */

export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    // Not `once`: execa's clean-up ends the process itself as soon as nobody else listens.
    process.on("SIGTERM", resolve);
    process.on("SIGINT", resolve);
  });
}
