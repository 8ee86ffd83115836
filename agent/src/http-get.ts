/** SHELL. One bounded GET or POST with node:http: the built-in fetch would cost the agent several megabytes of memory. */
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
  return exchange(url, options, null);
}

/** The same, with a body of JSON. */
export async function httpPost(url: string, json: object, options: HttpGetOptions): Promise<HttpAnswer> {
  return exchange(url, options, JSON.stringify(json));
}

async function exchange(url: string, options: HttpGetOptions, body: string | null): Promise<HttpAnswer> {
  const { protocol, host } = new URL(url);
  const request = protocol === "https:" ? httpsRequest : httpRequest;
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    return await new Promise((resolve, reject) => {
      const authorization = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
      const headers = { ...authorization, ...typeOf(body), connection: "close" };
      const method = body === null ? "GET" : "POST";
      request(url, { method, headers, signal }, (message) => {
        collectBody(message, options.maxBytes).then(
          (bytes) => resolve({ status: message.statusCode ?? 0, body: bytes }),
          reject,
        );
      })
        .on("error", reject)
        .end(body ?? undefined);
    });
  } catch (cause) {
    if (cause instanceof ChimeraError) throw cause;
    throw new ChimeraError(
      "closure-unavailable",
      `${body === null ? "GET from" : "POST to"} ${host} failed`,
      { cause },
    );
  }
}

/** With its length: the controller takes no body in chunks. */
function typeOf(body: string | null): Record<string, string> {
  if (body === null) return {};
  return { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
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
