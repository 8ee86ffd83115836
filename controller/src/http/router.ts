/** SHELL. A router whose validation errors are problem documents that name the field. */
import { Problem } from "@chimera/proto/api";
import { OpenAPIHono } from "@hono/zod-openapi";
import type { z } from "zod";
import { fieldProblems } from "../files/describe-issues.ts";
import { problemResponse } from "./problem.ts";
import type { Env } from "./services.ts";

export function createRouter(): OpenAPIHono<Env> {
  return new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (result.success) return undefined;
      const errors = fieldProblems(result.error);
      const [first] = errors;
      const where = first === undefined || first.field === "" ? result.target : first.field;
      const detail = `${where}: ${first?.message ?? "is wrong"}`;
      return problemResponse({ code: "input-invalid", detail, errors });
    },
  });
}

/** The documented answers of a route: its own and the one of every failure. */
export function answers<T extends z.ZodType>(schema: T, description: string) {
  return {
    200: { description, content: { "application/json": { schema } } },
    default: {
      description: "A problem document (RFC 9457).",
      content: { "application/problem+json": { schema: Problem } },
    },
  };
}

export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { "application/json": { schema } } };
}
