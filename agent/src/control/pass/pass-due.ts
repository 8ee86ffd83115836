/** When a node asks for its next pass. Only values: the clock is the caller's. */
import { renewAtS, type Pass } from "@chimera/proto/nats/pass";

export interface PassPlace {
  /** Null where there is none, or what lies there is none. */
  pass: Pick<Pass, "iat" | "exp"> | null;
  nowS: number;
  /** For how long NATS has not had the node in; 0 while it has. */
  outS: number;
  /** Since the last ask; Infinity before the first. */
  askedS: number;
  /** It was answered, and refused: that changes when somebody does something. */
  wasRefused: boolean;
}

const patienceS = 60;
const refusedPatienceS = 1800;
/** A restart of the server is over by then. */
const shutOutS = 15;
/** Where the server is away, passes are not what is missing. */
const shutOutAgainS = 300;

/** Why, in words for the log; null while it is not. */
export function passDue({ pass, nowS, outS, askedS, wasRefused }: PassPlace): string | null {
  if (askedS < (wasRefused ? refusedPatienceS : patienceS)) return null;
  if (pass === null) return "there is none";
  if (nowS >= renewAtS(pass)) return nowS >= pass.exp ? "it is over" : "half of its life is over";
  // Revoked, its issuer dropped, or this clock wrong: the server does not say which.
  const isFirst = askedS > outS;
  if (outS >= shutOutS && (isFirst || askedS >= shutOutAgainS))
    return "NATS does not let the node in with it";
  return null;
}
