/** SHELL. What every publishing command needs before it begins: context, keys, API, and the checked newest world. */
import type { NodeView } from "@chimera/proto/api";
import type { ChimeraError } from "@chimera/proto/errors";
import { mayReturn } from "@chimera/proto/effective";
import type { Digest, FleetId } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { RemoteSigner } from "../signers/remote-signer.ts";
import { createApiClient, type ApiClient } from "../api/api-client.ts";
import { currentContext, type NamedContext } from "../context/current-context.ts";
import type { Io } from "../io.ts";
import { readSigner } from "../secret-file.ts";
import { roleSigners } from "../signers/role-signers.ts";
import { reseededCopy } from "../reseed/reseeded-copy.ts";
import type { ChosenBase } from "./base/judge-return.ts";
import { unclearBase } from "./base/lost-return.ts";
import { settleBase, type Settled } from "./base/settle-base.ts";
import { checkView, nodeKeysOf } from "./check-view.ts";
import { currentFleet } from "./current-fleet.ts";
import { createTrust } from "./create-trust.ts";
import { rememberHead, rememberPanic } from "./fleet-memory.ts";
import type { FleetKeys } from "./key-chain.ts";
import type { CurrentFleet } from "./newest-document.ts";
import type { Trust } from "./verify-documents.ts";
import { rememberWaves } from "./wave-copy.ts";
import { keepWorld } from "./world-copy.ts";

/** Somebody who looks at a fleet and believes only signatures. */
export interface Observer {
  context: NamedContext;
  api: ApiClient;
  keys: FleetKeys;
  trust: Trust;
  current: CurrentFleet;
  /** Whether the newest head was taken back, where nobody can tell. */
  doubt: Settled["doubt"];
  /** `verified` as checked here. */
  nodes: NodeView[];
}

export interface Operator extends Observer {
  /** Every key at hand that may sign heads. */
  signers: RemoteSigner[];
}

export interface ObserverOptions {
  context?: string | undefined;
  /** A head or panic that somebody vouches for: its own keys may be retired. */
  trustHead?: Digest | undefined;
  /** What a person wants to build on, whatever the store says. */
  base?: ChosenBase | undefined;
}

export async function createObserver(io: Io, options: ObserverOptions): Promise<Observer> {
  return observe(io, await currentContext(io, options.context), options);
}

/**
 * Reads keys first: a missing file is found before anybody is asked anything. Throws held where it is not clear what the fleet is to
 * run: whatever is published would sign that again.
 */
export async function createOperator(io: Io, options: ObserverOptions): Promise<Operator> {
  const context = await currentContext(io, options.context);
  if (context.publishKeyFile !== undefined) await readSigner(context.publishKeyFile, "publish key file");
  const observer = await settled(io, () => observe(io, context, options));
  if (observer.doubt !== null) throw unclearBase(observer.doubt);
  const { publish } = observer.keys.newest.set.roles;
  return { ...observer, signers: await roleSigners(io, context, { role: "publish", keys: publish }) };
}

const settlingTries = 5;
const settlingMs = 2000;

/** A fleet that is being taken back just now has not signed it yet: nodes need a moment to hear of it. */
async function settled(io: Io, lookOnce: () => Promise<Observer>): Promise<Observer> {
  for (let tries = 1; ; tries += 1) {
    const observer = await lookOnce();
    const { doubt } = observer;
    const isUnderWay = doubt?.question === "claimed" && mayReturn(doubt.head.head, io.nowMs());
    if (!isUnderWay || tries === settlingTries) return observer;
    await io.sleep(settlingMs);
  }
}

async function observe(io: Io, context: NamedContext, options: ObserverOptions): Promise<Observer> {
  const { trustHead, base } = options;
  return look(io, { context, api: await createApiClient(io, context), trustHead, base });
}

interface Look extends Pick<Observer, "context" | "api">, Pick<ObserverOptions, "trustHead" | "base"> {
  onMissingWorld?: ((error: ChimeraError) => void) | undefined;
}

/** One look, by a client that is there already. */
export async function look(
  io: Io,
  { context, api, trustHead, base, onMissingWorld }: Look,
): Promise<Observer> {
  const { fleetId } = context;
  const [{ keys, trust, seen }, shown, views] = await Promise.all([
    createTrust(io, { api, fleetId, trustHead }),
    api.fleet(),
    api.nodes(),
  ]);
  const copy = await reseededCopy(io, trust);
  const shownNow = await currentFleet(api, trust, {
    view: shown,
    seen,
    copy,
    nowMs: io.nowMs(),
    onMissingWorld,
  });
  if (shownNow.head !== null) {
    await rememberHead(io, fleetId, shownNow.head.envelope);
    await rememberWaves(io, { api, fleetId, head: shownNow.head.head });
  }
  if (shownNow.panic !== null) await rememberPanic(io, fleetId, shownNow.panic.envelope);
  const checked = checkAll(views, fleetId, shownNow.leaves);
  const nodesBy = (leaves: readonly Leaf[]) => checkAll(views, fleetId, leaves);
  const sources = { api, fleetId, current: shownNow, nodesBy, chosen: base };
  const { current, doubt } = await settleBase(io, sources);
  const { effective, leaves } = current;
  if (effective.kind !== "none" && leaves.length > 0) {
    await keepWorld(io, fleetId, { id: effective.world, leaves });
  }
  const nodes = leaves === shownNow.leaves ? checked : checkAll(views, fleetId, leaves);
  return { context, api, keys, trust, current, doubt, nodes };
}

function checkAll(views: readonly NodeView[], fleetId: FleetId, leaves: readonly Leaf[]): NodeView[] {
  const keyOf = nodeKeysOf(leaves);
  return views.map((view) => checkView(view, fleetId, keyOf));
}
