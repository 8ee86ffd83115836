/** PURE. Names of Python packages as PEP 503 compares them. */

export function normalName(name: string): string {
  return name.replaceAll(/[-_.]+/gu, "-").toLowerCase();
}
