# mkFleet with nixpkgs' own module system (nixosSystem itself needs all of nixpkgs, so stubs stand in for NixOS).
{ nixpkgsLib }:
let
  lib = import (/. + "${nixpkgsLib}/lib");
  inherit
    (import ../lib.nix {
      inherit lib;
      agentModule = ../modules/agent.nix;
      nixosSystem =
        { modules, specialArgs }:
        lib.evalModules {
          inherit specialArgs;
          modules = modules ++ [
            (import ./stubs.nix {
              inherit lib;
              natsVersion = "2.15.1";
            })
          ];
        };
    })
    mkFleet
    ;
  key = name: "${name}:6wn2Q8yyaZL1PHU7uCKUV1CyyHT6JxBuRP1Lc3V6L0s=";

  fleet = mkFleet {
    system = "x86_64-linux";
    modules = [
      (
        { chimeraNode, ... }:
        {
          environment.etc.whoami.text = chimeraNode;
          services.chimera.agent.settings = {
            fleetId = lib.concatStrings (lib.genList (_: "ab") 32);
            nats.servers = [ "nats://hub:4222" ];
            controller.url = "http://hub:7070";
            trust.publish.keys = [ (key "ops-publish") ];
            nix.trustedPublicKeys = [ (key "cache") ];
          };
        }
      )
    ];
    nodes.n1 = {
      tags = [ "canary" ];
      modules = [ { services.chimera.agent.settings.drift.mode = "report"; } ];
    };
    nodes.n2 = {
      system = "aarch64-linux";
      modules = [ { services.chimera.agent.enable = false; } ];
    };
  };
in
{
  inherit (fleet) chimera;
  nodes = lib.mapAttrs (_: { config, ... }: {
    inherit (config.networking) hostName;
    inherit (config.nixpkgs) hostPlatform;
    whoami = config.environment.etc.whoami.text;
    agent = config.environment.etc."chimera/agent.json".source.value or null;
  }) fleet.nixosConfigurations;
  # One node speaking under another's name.
  otherName =
    (mkFleet {
      nodes.n1.modules = [ { services.chimera.agent.settings.node = "n2"; } ];
    }).nixosConfigurations.n1.config.services.chimera.agent.settings.node;
  badNodeName = (mkFleet { nodes."Web_1" = { }; }).nixosConfigurations;
}
