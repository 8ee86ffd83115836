/** SHELL. One look at the controller: whether it answers, what time it has, of which version it is. */
import type { IncomingMessage } from "node:http";
import { once } from "node:events";
import type { HttpProbe } from "../facts.ts";
import { certificateEndOf } from "./probe-nats.ts";

const patienceMs = 5_000;

export interface HttpQuestion {
  url: string;
  path: string;
  token: string | undefined;
  nowMs: () => number;
}

export async function probeHttp({ url, path, token, nowMs }: HttpQuestion): Promise<HttpProbe> {
  const rest = { url, hasToken: token !== undefined, certificateEndMs: await certificateEndOf(url) };
  try {
    const answer = await get(`${url}${path}`, token);
    answer.resume();
    const { date = "", "chimera-version": version } = answer.headers;
    const theirsMs = Date.parse(date);
    return {
      ...rest,
      status: answer.statusCode ?? 0,
      reason: "",
      // The header knows whole seconds: half of one is the fairest guess.
      offsetMs: Number.isNaN(theirsMs) ? null : nowMs() - theirsMs - 500,
      version: typeof version === "string" ? version.slice(0, 64) : null,
    };
  } catch (error) {
    return { ...rest, status: null, reason: reasonOf(error), offsetMs: null, version: null };
  }
}

async function get(url: string, token: string | undefined): Promise<IncomingMessage> {
  const name = url.startsWith("https:") ? "node:https" : "node:http";
  const client = process.getBuiltinModule(name);
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const asked = client.request(url, { headers, signal: AbortSignal.timeout(patienceMs) });
  asked.end();
  const answered = new Promise<IncomingMessage>((resolve) => asked.once("response", resolve));
  const failed = once(asked, "error").then(([error]: unknown[]) => {
    throw error;
  });
  return Promise.race([answered, failed]);
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : "unknown";
}
