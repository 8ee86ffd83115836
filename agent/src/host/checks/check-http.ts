/** SHELL. Check `http`: a GET whose answer has a healthy status and holds a text. Redirects are answers like any other. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { HealthCheck } from "@chimera/proto/health-check";
import { messageOf } from "./check-tcp.ts";
import { failed, passed, type CheckOutcome } from "../../reconcile/checks/check-outcome.ts";
import type { CheckRun } from "./check-run.ts";

type HttpCheck = Pick<Extract<HealthCheck, { kind: "http" }>, "url" | "statuses" | "contains">;

const maxBodyBytes = 65_536;

export function createHttpCheck(check: HttpCheck, lookup: LookupFunction): CheckRun {
  const request = new URL(check.url).protocol === "https:" ? httpsRequest : httpRequest;
  // A connection of its own: one that is kept shows nothing about who would accept a new one.
  const options = { lookup, agent: false, headers: { "user-agent": "chimera-agent", connection: "close" } };
  return (signal) =>
    new Promise<CheckOutcome>((resolve) => {
      const asked = request(check.url, { ...options, signal }, (answer) => {
        void judgeAnswer(answer, check)
          .catch((error: unknown) => failed(error instanceof Error ? messageOf(error) : String(error)))
          .then(resolve)
          .finally(() => asked.destroy());
      });
      asked.on("error", (error) => resolve(failed(messageOf(error))));
      asked.end();
    });
}

async function judgeAnswer(answer: IncomingMessage, check: HttpCheck): Promise<CheckOutcome> {
  const status = answer.statusCode ?? 0;
  const { statuses, contains } = check;
  if (!statuses.includes(status)) return failed(`answered ${status}`);
  if (contains === undefined) return passed(`answered ${status}`);
  const body = await firstOfBody(answer);
  if (body.includes(contains)) return passed(`answered ${status} with the text`);
  return failed(`answered ${status} without the text ${JSON.stringify(contains.slice(0, 100))}`);
}

/** In bytes, so that a text at the cut is not changed by it. */
async function firstOfBody(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (size >= maxBodyBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBodyBytes);
}
