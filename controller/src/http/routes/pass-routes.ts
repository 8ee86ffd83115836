/** SHELL. /v1/nodes/{node}/pass: a node's next pass for NATS, made by the issuer that the controller holds. */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { openPassAsk, PassGiven, PostPassAsk } from "@chimera/proto/nats/pass-ask";
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { requirePermission } from "../access.ts";
import { answers, createRouter, jsonBody } from "../router.ts";
import type { Env, Services } from "../services.ts";

const postPass = createRoute({
  method: "post",
  path: "/v1/nodes/{node}/pass",
  summary: "The next pass of a node that asks for it, signed with its node key.",
  middleware: [requirePermission("own-pass")] as const,
  request: { params: z.object({ node: NodeName }), body: jsonBody(PostPassAsk) },
  responses: answers(PassGiven, "The pass; it is of use only with the seed of the registered nkey."),
});

export function passRoutes({ config, nodes, issuer, log }: Services): OpenAPIHono<Env> {
  const router = createRouter();
  router.openapi(postPass, (c) => {
    const { node } = c.req.valid("param");
    const caller = c.get("caller");
    if (caller.node !== node) {
      throw new ChimeraError("role-forbidden", `the token of ${caller.node ?? "?"} gets no pass of ${node}`);
    }
    const registered = nodes()[node];
    if (registered === undefined) throw new ChimeraError("node-unknown", `no node ${node}`);
    const ask = openPassAsk(c.req.valid("json").envelope, registered.nodeKey);
    if (ask.fleetId !== config.fleetId)
      throw new ChimeraError("fleet-mismatch", "the ask is of another fleet");
    if (ask.node !== node || ask.nkey !== registered.nkey) {
      throw new ChimeraError("role-forbidden", `the nkey ${ask.nkey} is not registered for ${node}`);
    }
    if (issuer === null)
      throw new ChimeraError("not-found", "this controller makes no passes: nats.nodeIssuerFile is not set");
    if (registered.lead === true) {
      throw new ChimeraError(
        "role-forbidden",
        `${node} may lead: its passes are made by "chimera nats pass --role lead"`,
      );
    }
    log.info({ node, nkey: ask.nkey }, "pass given");
    return c.json({ pass: issuer.issue(node, ask.nkey, Date.now()) } satisfies PassGiven, 200);
  });
  return router;
}
