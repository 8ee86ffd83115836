# PURE: the half of mkFleet that needs no nixpkgs: checks the description of a fleet and says what each node is.
let
  names = import ./names.nix;
  known = [
    "modules"
    "tags"
    "key"
    "system"
  ];

  fail = node: what: throw "mkFleet: node \"${node}\": ${what}";

  without = list: builtins.filter (item: !builtins.elem item list);

  checkNode =
    node: spec:
    let
      tags = spec.tags or [ ];
      badTags = builtins.filter (tag: !names.isTag tag) tags;
      unknown = without known (builtins.attrNames spec);
      key = spec.key or null;
    in
    if !names.isNodeName node then
      fail node names.nodeNameRule
    else if !builtins.isAttrs spec then
      fail node "is described by a set, not by a ${builtins.typeOf spec}"
    else if unknown != [ ] then
      fail node "unknown attribute \"${builtins.head unknown}\"; known are ${toString known}"
    else if !builtins.isList (spec.modules or [ ]) then
      fail node "modules is a list"
    else if !builtins.isList tags then
      fail node "tags is a list"
    else if badTags != [ ] then
      fail node "tag ${builtins.toJSON (builtins.head badTags)} is not of a-z, 0-9, \".\", \"_\" and \"-\""
    else if key != null && !(names.isPublicKey key && keyName key == node) then
      fail node "key is \"${node}:<base64 of 32 bytes>\", as `chimera-agent identity` prints it"
    else
      {
        modules = spec.modules or [ ];
        system = spec.system or null;
        inherit tags key;
      };

  keyName = key: builtins.head (builtins.match "([^:]*):.*" key);

  # Two nodes with one key could speak for each other.
  sharedKey =
    nodes:
    let
      keyed = builtins.filter (node: nodes.${node}.key != null) (builtins.attrNames nodes);
      # The name is part of the text, the key is what comes behind it.
      bytes = node: builtins.elemAt (builtins.match "[^:]*:(.*)" nodes.${node}.key) 0;
      groups = builtins.groupBy bytes keyed;
    in
    builtins.filter (group: builtins.length group > 1) (builtins.attrValues groups);

  checkNodes =
    nodes:
    let
      checked = builtins.mapAttrs checkNode nodes;
      shared = sharedKey checked;
    in
    if !builtins.isAttrs nodes then
      throw "mkFleet: nodes is a set of node name → { modules, tags, key, system }"
    else if nodes == { } then
      throw "mkFleet: a fleet has at least one node"
    else if shared != [ ] then
      throw "mkFleet: nodes ${toString (builtins.head shared)} have the same key"
    else
      checked;
in
{
  inherit checkNodes;

  # node → what chimera.toml says of a node: where its system is, which tags choose it, which key speaks for it.
  describe =
    nodes:
    builtins.mapAttrs (
      node: spec:
      {
        installable = ".#nixosConfigurations.${node}.config.system.build.toplevel";
        inherit (spec) tags;
      }
      // (if spec.key == null then { } else { inherit (spec) key; })
    ) (checkNodes nodes);
}
