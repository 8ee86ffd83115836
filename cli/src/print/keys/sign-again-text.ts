/** PURE. What is left to do after a key set was changed. */
export function signAgainText(again: readonly { what: string; how: string }[]): string {
  if (again.length === 0) return "";
  const lines = again.map(({ what, how }) => `  ${what}: ${how}\n`);
  return `the keys that are left have not signed these; sign them again, now:\n${lines.join("")}`;
}
