# The declared nodes of a controller, and what their types cannot check of them.
{ lib, option }:
let
  inherit (lib) mkOption types;
  names = import ../pure/names.nix;
  publicKey = import ./public-key.nix { inherit lib; };
  userNkey = types.addCheck types.str names.isUserNkey // {
    description = "public nkey of a NATS user (U…)";
  };

  node = types.submodule {
    options = {
      nkey = mkOption {
        type = userNkey;
        description = "Public half of the node's nkey.";
      };
      nodeKey = mkOption {
        type = publicKey;
        description = "Public key that the node signs its status with, `<node>:<base64>`.";
      };
      lead = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the node may lead rollouts: hear the whole fleet, and write who may go.";
      };
    };
  };

  operator = types.submodule {
    options.nkey = mkOption {
      type = userNkey;
      description = "Public half of the operator's nkey.";
    };
  };

  nodeAssertions = name: spec: [
    {
      assertion = names.isNodeName name;
      message = "${option}.nodes.${name}: ${names.nodeNameRule}";
    }
    {
      assertion = lib.hasPrefix "${name}:" spec.nodeKey;
      message = "${option}.nodes.${name}.nodeKey: its name is \"${name}\", not \"${lib.head (lib.splitString ":" spec.nodeKey)}\"";
    }
  ];

  # One nkey for two users would give a node what the other may do.
  distinctNkeys =
    cfg:
    let
      nkeys = [ cfg.nats.controllerNkey ] ++ lib.mapAttrsToList (_: spec: spec.nkey) (cfg.nodes // lib.mapAttrs' (name: lib.nameValuePair "operator ${name}") cfg.operators);
    in
    {
      assertion = !cfg.nats.enable || lib.allUnique nkeys;
      message = "${option}.nodes: two users of NATS have the same nkey";
    };
in
{
  inherit userNkey;
  type = types.attrsOf node;
  operatorsType = types.attrsOf operator;
  assertions = cfg: lib.concatLists (lib.mapAttrsToList nodeAssertions cfg.nodes) ++ [ (distinctNkeys cfg) ];
}
