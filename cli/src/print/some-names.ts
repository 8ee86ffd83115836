/** PURE. Nodes in a line: as many names as somebody reads, and how many more there are. */

const mostNamed = 10;

/** "n1, n2 and 7 more" */
export function someNames(names: readonly string[]): string {
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : "";
  return `${names.slice(0, mostNamed).join(", ")}${more}`;
}
