/** SHELL. One bounded GET with node:http: the built-in fetch would cost the agent several megabytes of memory. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { ChimeraError } from "@chimera/proto/errors";

export interface HttpGetOptions {
  /** Not sent where there is none. */
  token?: string;
  maxBytes: number;
  /** For the whole exchange; a peer that sends a byte a second is as dead as a silent one. */
  timeoutMs: number;
  /** Ends it early. */
  signal?: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  body: Buffer;
}

/** Redirects are answers like any other: the token never follows one. Throws closure-unavailable. */
export async function httpGet(url: string, options: HttpGetOptions): Promise<HttpAnswer> {
  const { protocol, host } = new URL(url);
  const request = protocol === "https:" ? httpsRequest : httpRequest;
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    return await new Promise((resolve, reject) => {
      const authorization = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
      const headers = { ...authorization, connection: "close" };
      request(url, { headers, signal }, (message) => {
        collectBody(message, options.maxBytes).then(
          (body) => resolve({ status: message.statusCode ?? 0, body }),
          reject,
        );
      })
        .on("error", reject)
        .end();
    });
  } catch (cause) {
    if (cause instanceof ChimeraError) throw cause;
    throw new ChimeraError("closure-unavailable", `GET from ${host} failed`, { cause });
  }
}

async function collectBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes) {
      message.destroy();
      throw new ChimeraError("body-too-large", `the answer has more than ${maxBytes} bytes`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
