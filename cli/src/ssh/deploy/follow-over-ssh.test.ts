/** Following without a controller: nobody has a record of the fleet, and the nodes' own words are waited for all the same. */
import { NodeName } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { testIo } from "../../../test/fixture/operator.ts";
import { createSignedFleet, toplevel } from "../../../test/fixture/signed-fleet.ts";
import { createFollowView } from "../../fleet/follow/follow-view.ts";
import { follow } from "../../fleet/follow/follow.ts";
import { apiOf } from "./deliver-head.ts";

test("a node that takes longer than a look at the fleet is waited for until the time is up", async () => {
  const fleet = createSignedFleet(["a"]);
  const node = NodeName.parse("a");
  const head = fleet.head(2, fleet.world());
  const views = () => [fleet.node("a").silent()];
  const { io } = testIo("/tmp");
  const view = await createFollowView(io, false, [node]);
  const goal = {
    node,
    nodeKey: fleet.node("a").nodeKey,
    fleetId: fleet.fleetId,
    toplevel: toplevel("a"),
    head: { id: head.id, epoch: 0, serial: 2 },
    problemBefore: null,
  };
  const api = apiOf({ views });
  const following = { api, view, timeoutSeconds: 3, head: { id: head.id, epoch: 0, serial: 2 } };
  await expect(follow(io, following, [goal])).rejects.toMatchObject({ code: "deadline-exceeded" });
});
