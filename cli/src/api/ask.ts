/** SHELL. A request whose answer is parsed: what is of another shape is refused by the request's name. */
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import { parseJson, type HttpRequest, type Send } from "./http.ts";

export async function ask<T>(send: Send, request: HttpRequest, schema: z.ZodType<T>): Promise<T> {
  const { body } = await send(request);
  const result = schema.safeParse(parseJson(body));
  if (result.success) return result.data;
  throw new ChimeraError(
    "input-invalid",
    `${request.method} ${request.path}: the answer is not what this CLI knows: ${z.prettifyError(result.error)}`,
  );
}
