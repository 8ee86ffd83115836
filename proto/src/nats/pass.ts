/**
 * PURE. A pass: the JWT that names a user of NATS, of some role, until some second. It lies beside the nkey seed whose public half it
 * names; it is no secret, and is of use to nobody without that seed.
 */
import { z } from "zod";
import { ChimeraError } from "../errors.ts";
import { AccountNkey, UserNkey, type NkeySigner } from "../nkey.ts";
import { readJwt, signJwt } from "./jwt.ts";

export interface PassWish {
  /** Of a node its own; what the templates of nodes and leads are filled with. */
  name: string;
  nkey: string;
  /** The account whose issuer signs. */
  account: string;
  seconds: number;
}

/** Nobody is let in for longer without being asked again. */
export const maxPassSeconds = 400 * 86_400;

export const Pass = z.object({
  iss: AccountNkey,
  sub: UserNkey,
  name: z.string().min(1).max(128),
  iat: z.int().nonnegative(),
  exp: z.int().nonnegative(),
  nats: z.object({ type: z.literal("user"), version: z.literal(2), issuer_account: AccountNkey }),
});
export type Pass = z.infer<typeof Pass>;

const maxPassLength = 4096;
/** On the wire and in files; what it says is looked at by `readPass`. */
export const PassText = z
  .string()
  .max(maxPassLength)
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/u, "a pass is a JWT");

export function signPass(
  { name, nkey, account, seconds }: PassWish,
  issuer: NkeySigner,
  nowS: number,
): string {
  // Not a word of permissions or limits: nats-server refuses a pass that has any, when a template stands for it.
  const nats = { type: "user", version: 2, issuer_account: account };
  return signJwt({ name, sub: nkey, exp: nowS + Math.min(seconds, maxPassSeconds), nats }, issuer, nowS);
}

export function readPass(text: string): Pass {
  if (!PassText.safeParse(text.trim()).success) throw new ChimeraError("input-invalid", "the pass is no JWT");
  return readJwt(text, Pass, "the pass");
}

/** In the last quarter of its life: whoever renews it by hand still has time. */
export function isNearEnd({ iat, exp }: Pick<Pass, "iat" | "exp">, nowS: number): boolean {
  return nowS >= iat + (exp - iat) * 0.75;
}

/** When the half of its life is over, so that there is as much again for whoever does not answer. */
export function renewAtS({ iat, exp }: Pick<Pass, "iat" | "exp">): number {
  return iat + Math.floor((exp - iat) / 2);
}
