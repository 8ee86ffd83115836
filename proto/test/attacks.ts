/** Documents that a node must refuse, and why: each the smallest step away from one that it would take. */
import type { Incoming } from "../src/acceptance/accept.ts";
import type { TrustState } from "../src/acceptance/trust-state.ts";
import type { Judge } from "../src/acceptance/verdict.ts";
import type { ErrorCode } from "../src/errors.ts";
import { driftAttacks } from "./drift-attacks.ts";
import { headAttacks } from "./head-attacks.ts";
import { keyAttacks } from "./key-attacks.ts";
import { orderAttacks } from "./order-attacks.ts";
import { panicAttacks } from "./panic-attacks.ts";
import { sessionAttacks } from "./session-attacks.ts";

export interface Attack {
  name: string;
  state: TrustState;
  document: Incoming;
  judge?: Partial<Judge>;
  code: ErrorCode;
}

/** Those of the test vectors, which never change. */
export const firstAttacks: readonly Attack[] = [
  ...headAttacks,
  ...panicAttacks,
  ...orderAttacks,
  ...keyAttacks,
];
export const attacks: readonly Attack[] = [...firstAttacks, ...driftAttacks, ...sessionAttacks];
