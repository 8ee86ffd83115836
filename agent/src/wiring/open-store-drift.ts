/** Wiring: what the store is compared with, from where it is repaired, and when it is left alone. */
import { DriftItem, type DriftSummary } from "@chimera/proto/drift";
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import { readSecret } from "../host/agent/identity.ts";
import { startStoreDrift, type StoreDriftService } from "../host/store-drift/store-service.ts";
import { loadClosure } from "../host/store-drift/store-closure.ts";
import { substitutersOf, writeNetrc } from "../host/store/fetch-source.ts";
import type { FetchSource } from "../host/store/nix.ts";
import { isSwitching } from "../reconcile/settled-toplevel.ts";
import type { Compared } from "./compared-system.ts";
import { createPolicy } from "./drift-policy.ts";
import type { DriftNeeds } from "./open-drift.ts";
import type { StoreSight } from "./open-show.ts";

export interface StoreDriftNeeds extends DriftNeeds {
  compared: Compared;
  program: string;
  ownPath: StorePath | null;
  onRepaired: () => void;
}

const hourMs = 3600_000;

export function openStoreDrift(needs: StoreDriftNeeds): StoreDriftService & StoreSight {
  const { config, log, shared, report, program, ownPath, compared, meter, onRepaired } = needs;
  const { mode, scrub, roundHours, walkSeconds } = config.drift.store;
  const service = startStoreDrift({
    toplevel: () => compared.system(),
    listOf: (toplevel) => compared.leaf(toplevel)?.closure ?? null,
    source: (toplevel) => sourceOf(needs, toplevel),
    mode,
    stance: createPolicy({ ...config.drift, mode }, needs.trust),
    roundMs: scrub ? roundHours * hourMs : null,
    walkMs: walkSeconds * 1000,
    isHeld: () => shared.isDriftHeld(),
    isSwitching: () => isSwitching(shared.journal),
    ownPath,
    program,
    stateDir: config.stateDir,
    meter,
    onEvent: report,
    onRepaired,
    log: log.child({ component: "store-drift" }),
  });
  return {
    ...service,
    closure(toplevel) {
      const list = compared.leaf(toplevel)?.closure;
      return list === undefined ? null : loadClosure(config.stateDir, toplevel, list);
    },
    openItem(path) {
      const open = service.summary()?.open.find((item) => item.path === path);
      return DriftItem.safeParse(open).data ?? null;
    },
  };
}

/** The same cache and the same keys as the fetch's. */
function sourceOf(needs: StoreDriftNeeds, toplevel: StorePath): FetchSource | null {
  const leaf = needs.compared.leaf(toplevel);
  if (leaf === null) return null;
  const { runtimeDir, controller, nix } = needs.config;
  const controllerUrl = controller.url.replace(/\/+$/, "");
  try {
    const netrcFile = writeNetrc({ runtimeDir, controllerUrl }, readSecret(controller.tokenFile));
    const substituters = substitutersOf(leaf, controllerUrl);
    return { substituters, trustedPublicKeys: nix.trustedPublicKeys, netrcFile };
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}

const mostShown = 50;
const mostUnseen = 16;

/** What differs in /etc and in the store, as one. */
export function joinDrift(
  etc: DriftSummary,
  { summary, unseen }: Pick<StoreDriftService, "summary" | "unseen">,
): DriftSummary {
  const store = summary();
  if (store === null) return { ...etc, unseen: [unseen(), ...(etc.unseen ?? [])].slice(0, mostUnseen) };
  const all = [...(store.unseen ?? []), ...(etc.unseen ?? [])];
  return {
    ...etc,
    open: [...store.open, ...etc.open].slice(0, mostShown),
    openCount: etc.openCount + store.openCount,
    reverted: etc.reverted + store.reverted,
    fought: [...(store.fought ?? []), ...(etc.fought ?? [])].slice(0, mostShown),
    ...(all.length === 0 ? {} : { unseen: all.slice(0, mostUnseen) }),
    ...(etc.watching === undefined ? {} : { watching: etc.watching && store.watching !== false }),
    store: store.store,
  };
}
