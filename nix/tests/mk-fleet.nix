# mkFleet with nixpkgs' own module system (nixosSystem itself needs all of nixpkgs, so stubs stand in for NixOS).
{ lib }:
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
}).mkFleet
