/** PURE. What the next boot would run. Before its proof nothing permanent names a system, so this one is proven. */
import type { StorePath } from "@chimera/proto/names";
import type { SystemPointers } from "./decision.ts";

/** The loader's default; where no reader knows the loader, what the profile names. Null where neither can be read. */
export function permanentSystem({ profile, bootDefault }: SystemPointers): StorePath | null {
  return bootDefault ?? profile;
}
