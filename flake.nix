# Only wires what is in nix/. There is no lock file of ours: whoever uses the flake decides which nixpkgs it follows.
{
  description = "Chimera keeps a fleet of NixOS machines in exactly the state that was signed for them";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forEachSystem = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
      pkgsOf = system: nixpkgs.legacyPackages.${system};

      # The package comes from this flake, also where its overlay is not used.
      withPackage = module: option: {
        _file = ./flake.nix;
        imports = [
          module
          (
            { lib, pkgs, ... }:
            {
              services.chimera.${option}.package =
                lib.mkDefault
                  self.packages.${pkgs.stdenv.hostPlatform.system}.chimera;
            }
          )
        ];
      };
    in
    {
      nixosModules = {
        agent = withPackage ./nix/modules/agent.nix "agent";
        controller = withPackage ./nix/modules/controller.nix "controller";
        default.imports = [
          self.nixosModules.agent
          self.nixosModules.controller
        ];
      };

      lib = import ./nix/lib.nix {
        inherit lib;
        inherit (lib) nixosSystem;
        agentModule = self.nixosModules.agent;
      };

      overlays.default = final: _: { chimera = final.callPackage ./nix/package.nix { }; };

      packages = forEachSystem (system: rec {
        chimera = (pkgsOf system).callPackage ./nix/package.nix { };
        default = chimera;
      });

      apps = forEachSystem (
        system:
        let
          program = name: {
            type = "app";
            program = lib.getExe' self.packages.${system}.chimera name;
            meta.description = "Chimera: ${name}";
          };
        in
        {
          default = program "chimera";
          agent = program "chimera-agent";
          controller = program "chimera-controller";
        }
      );

      checks = forEachSystem (
        system:
        import ./nix/checks.nix {
          inherit lib;
          inherit (self.lib) mkFleet;
          pkgs = pkgsOf system;
          inherit (self.packages.${system}) chimera;
          controllerModule = self.nixosModules.controller;
        }
      );

      devShells = forEachSystem (
        system:
        let
          pkgs = pkgsOf system;
        in
        {
          default = pkgs.mkShellNoCC {
            packages = [
              pkgs.nodejs_24
              pkgs.nats-server
              pkgs.tmux
              pkgs.zstd
            ];
          };
        }
      );
    };
}
