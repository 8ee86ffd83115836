# What flake.nix offers as `lib`: a fleet from one set of nodes. The checks are in pure/fleet.nix, which needs no nixpkgs.
{
  lib,
  nixosSystem,
  agentModule,
}:
let
  fleet = import ./pure/fleet.nix;
in
{
  /*
    mkFleet {
      modules = [ ./common.nix ];                                # every node
      trustedKeys = builtins.fromJSON (builtins.readFile ./keys.1.json);
      nodes.n1 = { modules = [ ./n1.nix ]; tags = [ "canary" ]; key = "n1:…"; };
    }

    gives `nixosConfigurations` for the flake's outputs, and `chimera`: node → installable, tags and key, as chimera.toml
    has them. A node's name is its host name and its name in the fleet. `trustedKeys` is what each node is installed with, and a
    controller where its module is among a node's; a node's own modules may set another.
  */
  mkFleet =
    {
      nodes,
      modules ? [ ],
      specialArgs ? { },
      system ? null,
      trustedKeys ? null,
    }:
    let
      checked = fleet.checkNodes nodes;

      nodeModule =
        name: spec:
        let
          platform = if spec.system == null then system else spec.system;
        in
        {
          networking.hostName = lib.mkDefault name;
          services.chimera.agent = {
            enable = lib.mkDefault true;
            settings.node = name;
          };
        }
        // lib.optionalAttrs (platform != null) { nixpkgs.hostPlatform = lib.mkDefault platform; };

      # A function of `options`: a node without the controller's module has no such option.
      keysModule =
        { options, ... }:
        {
          services.chimera = builtins.mapAttrs (_: _: { settings.trustedKeys = lib.mkDefault trustedKeys; }) (
            builtins.intersectAttrs {
              agent = null;
              controller = null;
            } options.services.chimera
          );
        };
    in
    {
      nixosConfigurations = builtins.mapAttrs (
        name: spec:
        nixosSystem {
          specialArgs = specialArgs // {
            chimeraNode = name;
          };
          modules = [
            agentModule
            (nodeModule name spec)
          ]
          ++ lib.optional (trustedKeys != null) keysModule
          ++ modules
          ++ spec.modules;
        }
      ) checked;

      chimera = {
        v = 1;
        nodes = fleet.describe nodes;
      };
    };
}
