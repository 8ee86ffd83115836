# PURE: what services.nats gets. Who may do what is not written here: generated/nats-server.template is what
# `chimera-controller nats-config` prints for a node, a lead and an operator (nix/test/nats-server.int.test.ts holds them equal), with
# @fleet@, @node@ and @nkey@ where names go.
let
  names = import ./names.nix;
  text = builtins.readFile ../generated/nats-server.template;

  # Safe on the text: no name that passes holds a character that JSON quotes or NATS takes for a wildcard.
  filled =
    fleetId: node:
    if !names.isFleetId fleetId then
      throw "not a fleet id: ${builtins.toJSON fleetId}"
    else if !names.isNodeName node then
      throw "not a node name: ${builtins.toJSON node}: ${names.nodeNameRule}"
    else
      builtins.fromJSON (builtins.replaceStrings [ "@fleet@" "@node@" ] [ fleetId node ] text);

  # By their place in the template.
  nodeUser =
    fleetId: node:
    {
      nkey,
      lead ? false,
      ...
    }:
    user (if lead then 2 else 1) fleetId node nkey;

  operatorUser =
    fleetId:
    { nkey, ... }:
    if !names.isUserNkey nkey then
      throw "not the nkey of a user: ${builtins.toJSON nkey}"
    else
      builtins.fromJSON (
        builtins.replaceStrings [ "@nkey@" ] [ nkey ] (builtins.toJSON (user 3 fleetId "operator" "@nkey@"))
      );

  user = index: fleetId: node: nkey: builtins.elemAt (filled fleetId node).authorization.users index // { inherit nkey; };
in
{
  # services.nats itself sets the name, the port and the data folder.
  settings =
    {
      fleetId,
      controllerNkey,
      nodes,
      operators ? { },
    }:
    let
      server = builtins.fromJSON text;
    in
    removeAttrs server [
      "server_name"
      "port"
    ]
    // {
      jetstream = removeAttrs server.jetstream [ "store_dir" ];
      authorization = server.authorization // {
        users = [
          (user 0 fleetId "controller" controllerNkey)
        ]
        ++ map (node: nodeUser fleetId node nodes.${node}) (builtins.attrNames nodes)
        ++ map (operatorUser fleetId) (builtins.attrValues operators);
      };
    };
}
