/** For tests: what a signed order would see of an /etc that lies in a folder. */
import type { ShownFacts } from "@chimera/proto/drift-shown";
import type { DriftOptions, DriftService } from "../drift-service.ts";
import type { Evidence } from "../evidence.ts";
import { showPath, type ShowRequest } from "./show-path.ts";
import { createEtcViewer } from "./view-etc.ts";

export interface ShowingOptions extends Partial<DriftOptions> {
  isShowable?: (path: string) => boolean;
}

export interface ShowingService extends DriftService {
  show: (request: ShowRequest) => Promise<ShownFacts>;
}

export function showing(
  service: DriftService,
  { etcDir, ignore = [], stance, isShowable = () => false }: ShowingOptions & { etcDir: string },
  evidence: Evidence,
): ShowingService {
  const viewer = createEtcViewer({
    etcDir,
    expected: () => Promise.resolve(service.expected()),
    covering: (expected) => service.covering(expected),
    ignore,
  });
  const policyOf = ({ path }: { path: string }) => {
    const { kind: mode, ...said } = stance?.(path) ?? { kind: "revert" as const };
    return { mode, why: "why" in said ? said.why : "" };
  };
  const options = { viewers: [viewer], policyOf, isShowable, evidence };
  return { ...service, show: (request) => showPath(options, request) };
}
