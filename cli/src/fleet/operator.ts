/** SHELL. What every publishing command needs before it begins: context, keys, API, and the checked newest world. */
import type { NodeView } from "@chimera/proto/api";
import type { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import type { RemoteSigner } from "../signers/remote-signer.ts";
import { createApiClient, type ApiClient } from "../api/api-client.ts";
import { currentContext, type NamedContext } from "../context/current-context.ts";
import type { Io } from "../io.ts";
import { readSigner } from "../secret-file.ts";
import { roleSigners } from "../signers/role-signers.ts";
import { reseededCopy } from "../reseed/reseeded-copy.ts";
import { checkView, nodeKeysOf } from "./check-view.ts";
import { currentFleet } from "./current-fleet.ts";
import { createTrust } from "./create-trust.ts";
import { rememberHead, rememberPanic } from "./fleet-memory.ts";
import type { FleetKeys } from "./key-chain.ts";
import type { CurrentFleet } from "./newest-document.ts";
import type { Trust } from "./verify-documents.ts";
import { keepWorld } from "./world-copy.ts";

/** Somebody who looks at a fleet and believes only signatures. */
export interface Observer {
  context: NamedContext;
  api: ApiClient;
  keys: FleetKeys;
  trust: Trust;
  current: CurrentFleet;
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
}

export async function createObserver(io: Io, options: ObserverOptions): Promise<Observer> {
  return observe(io, await currentContext(io, options.context), options);
}

/** Reads keys first: a missing file is found before anybody is asked anything. */
export async function createOperator(io: Io, options: ObserverOptions): Promise<Operator> {
  const context = await currentContext(io, options.context);
  if (context.publishKeyFile !== undefined) await readSigner(context.publishKeyFile, "publish key file");
  const observer = await observe(io, context, options);
  const { publish } = observer.keys.newest.set.roles;
  return { ...observer, signers: await roleSigners(io, context, { role: "publish", keys: publish }) };
}

async function observe(io: Io, context: NamedContext, options: ObserverOptions): Promise<Observer> {
  return look(io, { context, api: await createApiClient(io, context), trustHead: options.trustHead });
}

interface Look extends Pick<Observer, "context" | "api">, Pick<ObserverOptions, "trustHead"> {
  onMissingWorld?: ((error: ChimeraError) => void) | undefined;
}

/** One look, by a client that is there already. */
export async function look(io: Io, { context, api, trustHead, onMissingWorld }: Look): Promise<Observer> {
  const { fleetId } = context;
  const [{ keys, trust, seen }, shown, views] = await Promise.all([
    createTrust(io, { api, fleetId, trustHead }),
    api.fleet(),
    api.nodes(),
  ]);
  const copy = await reseededCopy(io, trust);
  const current = await currentFleet(api, trust, {
    view: shown,
    seen,
    copy,
    nowMs: io.nowMs(),
    onMissingWorld,
  });
  if (current.head !== null) await rememberHead(io, fleetId, current.head.envelope);
  if (current.panic !== null) await rememberPanic(io, fleetId, current.panic.envelope);
  const { effective, leaves } = current;
  if (effective.kind !== "none" && leaves.length > 0) {
    await keepWorld(io, fleetId, { id: effective.world, leaves });
  }
  const keyOf = nodeKeysOf(current.leaves);
  const nodes = views.map((view) => checkView(view, fleetId, keyOf));
  return { context, api, keys, trust, current, nodes };
}
