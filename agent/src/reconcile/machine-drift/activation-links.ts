/** PURE. Links outside /etc that a system's activation script makes: the shell that all scripts name, and env(1). */

export interface ActivationLink {
  path: string;
  target: string;
}

const linked = [
  { path: "/bin/sh", aside: "/bin/.sh.tmp" },
  { path: "/usr/bin/env", aside: "/usr/bin/.env.tmp" },
];

const target = /^\/nix\/store\/[\w+.?=-]+(\/(?!\.\.?(\/|$))[\w+.?=-]+)+$/;

/** What is said in another shape than NixOS's, or more than once, is left to whoever says it. */
export function activationLinks(script: string): ActivationLink[] {
  const lines = script.split("\n").map((line) => line.replace(/ #.*$/, "").trim());
  return linked.flatMap(({ path, aside }) => {
    const naming = lines.filter((line) => !line.startsWith("#") && isNamed(line, path, aside));
    const [link = "", move = ""] = naming;
    const named = /^ln -sfn "?([^"\s]+)"? (\S+)$/.exec(link);
    const isMoved = move === `mv ${aside} ${path}` || move === `mv -f ${aside} ${path}`;
    if (naming.length !== 2 || named?.[2] !== aside || !isMoved) return [];
    const [, to = ""] = named;
    return target.test(to) ? [{ path, target: to }] : [];
  });
}

function isNamed(line: string, ...paths: readonly string[]): boolean {
  const words = line.split(/\s+/);
  return paths.some((path) => words.includes(path));
}
