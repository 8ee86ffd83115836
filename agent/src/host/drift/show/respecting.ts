/** SHELL. What the node's module leaves to others is compared nowhere: whatever a part knows of such a path, that is said. */
import { leftByConfiguration } from "../../../reconcile/drift/explain/left-alone.ts";
import type { IgnoredGlob } from "../../../reconcile/drift/etc-scope.ts";
import { notManaged, type Viewer } from "./view.ts";

export function respecting(ignore: readonly IgnoredGlob[], viewer: Viewer): Viewer {
  return async (path) => {
    const seen = await viewer(path);
    if (seen === null) return null;
    const left = leftByConfiguration(path, ignore, seen.explanation.kind === "managed");
    return left === null ? seen : notManaged(seen.part, left, seen.now);
  };
}
