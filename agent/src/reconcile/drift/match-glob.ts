/** PURE. Globs of paths as policy writes them. */
import picomatch from "picomatch";

/** Dot files are files like any other; no alternatives in parentheses, whose cost nobody can bound. */
export function matcherOf(glob: string): (path: string) => boolean {
  return picomatch(glob, { dot: true, noextglob: true });
}
