/** SHELL. /v1/proposals: documents that wait for further signatures. */
import { maxProposals, Proposal, ProposalList, PutDocument } from "@chimera/proto/api";
import { Digest } from "@chimera/proto/names";
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission } from "../access.ts";
import { putProposal } from "../put-proposal.ts";
import { answers, createRouter, jsonBody } from "../router.ts";
import type { Env, Services } from "../services.ts";

const getProposals = createRoute({
  method: "get",
  path: "/v1/proposals",
  summary: "What waits for signatures, newest first.",
  middleware: [requirePermission("read")] as const,
  responses: answers(ProposalList, "At most 64 proposals."),
});

const putProposalRoute = createRoute({
  method: "put",
  path: "/v1/proposals/{id}",
  summary: "Propose a document, or add signatures to it; the id is the SHA-256 of its payload.",
  middleware: [requirePermission("operate")] as const,
  request: { params: z.object({ id: Digest }), body: jsonBody(PutDocument) },
  responses: answers(Proposal, "The proposal with all its signatures."),
});

export function proposalRoutes(services: Services): OpenAPIHono<Env> {
  const { store } = services;
  const router = createRouter();
  router.openapi(getProposals, async (c) => {
    const { keys } = await store.documents.read();
    const found = await store.proposals.list(keys);
    const proposals = found.slice(0, maxProposals).map(({ id, kind, envelope, createdAt }) => ({
      id,
      kind,
      envelope,
      createdAt,
    }));
    return c.json({ proposals } satisfies ProposalList, 200);
  });
  router.openapi(putProposalRoute, async (c) =>
    c.json(
      await putProposal(services, { ...c.req.valid("param"), ...c.req.valid("json") }, c.get("act")),
      200,
    ),
  );
  return router;
}
