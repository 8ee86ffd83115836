/**
 * PURE. The fleet in NATS, as three JWTs that nats-server trusts by its configuration: the root (NATS: operator), the fleet's account
 * and the system account. The accounts' own keys are never used and not kept: only issuers make passes, each within its template.
 */
import { z } from "zod";
import { ChimeraError } from "../errors.ts";
import { FleetId } from "../names.ts";
import { AccountNkey, OperatorNkey, UserNkey, type NkeySigner } from "../nkey.ts";
import {
  issuerRoles,
  systemName,
  systemTemplate,
  templateOf,
  type IssuerRole,
  type Template,
} from "./issuers.ts";
import { readJwt, signJwt } from "./jwt.ts";

const seconds = z.int().nonnegative();
const maxRevocations = 8192;

export interface FleetAccount {
  fleetId: FleetId;
  account: string;
  /** While one of a role is exchanged there are two. */
  issuers: { role: IssuerRole; key: string }[];
  /** Nkey of a user -> every pass made until that second is void. */
  revocations: Record<string, number>;
  limits: { memoryBytes: number; fileBytes: number };
}

const AccountClaims = z.object({
  iss: OperatorNkey,
  sub: AccountNkey,
  name: FleetId,
  nats: z.object({
    type: z.literal("account"),
    version: z.literal(2),
    limits: z.object({ mem_storage: seconds, disk_storage: seconds }),
    signing_keys: z
      .array(z.object({ kind: z.literal("user_scope"), key: AccountNkey, role: z.enum(issuerRoles) }))
      .max(32),
    revocations: z
      .record(UserNkey, seconds)
      .refine((all) => Object.keys(all).length <= maxRevocations, `at most ${maxRevocations} revocations`)
      .default({}),
  }),
});

/** The account's JWT; the templates are always those of this version of Chimera. */
export function signFleetAccount(fleet: FleetAccount, root: NkeySigner, nowS: number): string {
  const { fleetId, account, issuers, revocations, limits } = fleet;
  const nats = {
    type: "account",
    version: 2,
    limits: {
      ...noLimits,
      mem_storage: limits.memoryBytes,
      disk_storage: limits.fileBytes,
      streams: -1,
      consumer: -1,
      max_ack_pending: -1,
    },
    signing_keys: issuers.map(({ role, key }) => scope(role, key, templateOf(role, fleetId))),
    revocations,
  };
  return signJwt({ name: fleetId, sub: account, nats }, root, nowS);
}

/** Throws signature-invalid where that root did not sign it. */
export function readFleetAccount(jwt: string, root: string): FleetAccount {
  const { iss, sub, name, nats } = readJwt(jwt, AccountClaims, "the account's JWT");
  requireRoot("account", iss, root);
  return {
    fleetId: name,
    account: sub,
    issuers: nats.signing_keys.map(({ role, key }) => ({ role, key })),
    revocations: nats.revocations,
    limits: { memoryBytes: nats.limits.mem_storage, fileBytes: nats.limits.disk_storage },
  };
}

/** Forgotten are those of passes that have ended by themselves: none lives longer than `maxPassS`. */
export function revoke(
  fleet: FleetAccount,
  nkey: string,
  { nowS, maxPassS }: { nowS: number; maxPassS: number },
) {
  const still = Object.entries(fleet.revocations).filter(([, at]) => at + maxPassS > nowS);
  return { ...fleet, revocations: { ...Object.fromEntries(still), [nkey]: nowS } };
}

export interface SystemAccount {
  account: string;
  /** Two while one is exchanged. */
  issuers: string[];
}

/** May do nothing but hand over accounts' JWTs, which the root has signed. */
export function signSystemAccount(
  { account, issuers }: SystemAccount,
  fleetAccount: string,
  { root, nowS }: { root: NkeySigner; nowS: number },
): string {
  const keys = issuers.map((key) => scope(systemName, key, systemTemplate(fleetAccount)));
  const nats = { type: "account", version: 2, limits: noLimits, signing_keys: keys };
  return signJwt({ name: systemName, sub: account, nats }, root, nowS);
}

const SystemClaims = z.object({
  iss: OperatorNkey,
  sub: AccountNkey,
  name: z.literal(systemName),
  nats: z.object({
    type: z.literal("account"),
    version: z.literal(2),
    signing_keys: z.array(z.object({ key: AccountNkey, role: z.literal(systemName) })).max(8),
  }),
});

export function readSystemAccount(jwt: string, root: string): SystemAccount {
  const { iss, sub, nats } = readJwt(jwt, SystemClaims, "the system account's JWT");
  requireRoot("system account", iss, root);
  return { account: sub, issuers: nats.signing_keys.map(({ key }) => key) };
}

export function signRoot(systemAccount: string, root: NkeySigner, nowS: number): string {
  const nats = { type: "operator", version: 2, system_account: systemAccount };
  return signJwt({ name: "chimera", sub: root.publicKey, nats }, root, nowS);
}

const RootClaims = z.object({
  iss: OperatorNkey,
  sub: OperatorNkey,
  nats: z.object({ type: z.literal("operator"), version: z.literal(2), system_account: AccountNkey }),
});

/** Throws signature-invalid where it did not sign itself. */
export function readRoot(jwt: string): { root: string; systemAccount: string } {
  const { iss, sub, nats } = readJwt(jwt, RootClaims, "the root's JWT");
  requireRoot("root", iss, sub);
  return { root: sub, systemAccount: nats.system_account };
}

function requireRoot(whose: string, iss: string, root: string): void {
  if (iss === root) return;
  throw new ChimeraError("signature-invalid", `the ${whose}'s JWT is signed by ${iss}, not by ${root}`);
}

/** Of an account: nothing goes in or out of it to others, and no server joins it as a leaf. */
const noLimits = {
  subs: -1,
  data: -1,
  payload: -1,
  conn: -1,
  imports: 0,
  exports: 0,
  wildcards: true,
  leaf: 0,
};

function scope(role: IssuerRole | typeof systemName, key: string, template: Template) {
  return { kind: "user_scope", key, role, template };
}
