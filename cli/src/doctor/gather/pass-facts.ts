/** SHELL. The pass that lies beside an nkey seed: no secret, and of no use once it is over. */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { readPass } from "@chimera/proto/nats/pass";
import type { PassFacts } from "../facts.ts";
import { readSmall } from "./file-facts.ts";

/** Null where none is configured: nats-server knows its users by their nkeys then. */
export async function passFacts(path: string | undefined): Promise<PassFacts | null> {
  if (path === undefined) return null;
  const text = await readSmall(path);
  if (text === null) return { path, problem: "it is not there, or cannot be read" };
  try {
    const { iat, exp } = readPass(text);
    return { path, issuedMs: iat * 1000, expiresMs: exp * 1000 };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { path, problem: errorChain(error) };
  }
}
