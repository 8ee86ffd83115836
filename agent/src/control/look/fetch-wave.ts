/** SHELL. The list of a wave, from the controller, which is trusted for nothing: the head names it by its digest. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { waveDigest, WaveList } from "@chimera/proto/rollout/wave-list";
import { httpGet } from "../../http-get.ts";

/** A hundred thousand nodes with their names and keys. */
const maxBytes = 16 << 20;

/** Throws closure-unavailable, or hash-mismatch for another list. */
export async function fetchWave(controllerUrl: string, token: string, digest: Digest): Promise<WaveList> {
  const url = `${controllerUrl}/v1/waves/${digest}`;
  const { status, body } = await httpGet(url, { token, maxBytes, timeoutMs: 60_000 });
  if (status !== 200)
    throw new ChimeraError("closure-unavailable", `the controller answered ${status} for wave ${digest}`);
  const list = WaveList.safeParse(parseJson(body)).data;
  if (list === undefined || waveDigest(list) !== digest) {
    throw new ChimeraError("hash-mismatch", `the controller's answer is not wave ${digest}`);
  }
  return list;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
