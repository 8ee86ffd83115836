# flake.nix and package.nix with nixpkgs' own lib and a stand-in for its packages: what they wire, not what they build.
{ nixpkgsLib }:
let
  lib = import (/. + "${nixpkgsLib}/lib");
  flake = import ../../flake.nix;

  named =
    name: version:
    {
      type = "derivation";
      inherit name version;
      outPath = "/nix/store/00000000000000000000000000000000-${name}";
      meta.mainProgram = name;
    };

  pkgsFor =
    system: nodeVersion:
    lib.fix (pkgs: {
      inherit lib;
      callPackage = lib.callPackageWith pkgs;
      stdenvNoCC = {
        hostPlatform = {
          inherit system;
          isAarch64 = lib.hasPrefix "aarch64" system;
        };
        mkDerivation =
          attrs: named attrs.pname attrs.version // attrs // attrs.passthru or { } // { meta.mainProgram = "chimera"; };
      };
      nodejs_24 = named "node" nodeVersion;
      cacert = named "cacert" "1";
      makeBinaryWrapper = named "makeBinaryWrapper" "1";
    });

  nixpkgs = {
    lib = lib // {
      nixosSystem =
        { modules, ... }:
        lib.evalModules {
          modules = modules ++ [
            (import ./stubs.nix {
              inherit lib;
              natsVersion = "2.15.1";
            })
          ];
        };
    };
    legacyPackages = lib.genAttrs [
      "x86_64-linux"
      "aarch64-linux"
    ] (system: pkgsFor system "24.12.0");
  };
  self = flake.outputs { inherit self nixpkgs; };

  packageOn = system: nodeVersion: (pkgsFor system nodeVersion).callPackage ../package.nix { };
in
{
  outputs = lib.mapAttrs (_: builtins.attrNames) (builtins.removeAttrs self [ "overlays" ]);
  perSystem = lib.mapAttrs (_: builtins.attrNames) {
    packages = self.packages.x86_64-linux;
    apps = self.apps.aarch64-linux;
    checks = self.checks.x86_64-linux;
  };
  inputs = builtins.attrNames flake.inputs;
  # Without an overlay, the module's package is the flake's.
  modulePackage =
    (nixpkgs.lib.nixosSystem {
      modules = [
        self.nixosModules.default
        { _module.args.pkgs = lib.mkForce { stdenv.hostPlatform.system = "x86_64-linux"; }; }
      ];
    }).config.services.chimera.agent.package.nodeModules.outputHash;
  recordedHash = (lib.importJSON ../npm-deps.json).hashes.x86_64-linux;

  package =
    let
      package = packageOn "aarch64-linux" "24.12.0";
    in
    {
      inherit (package) pname version;
      inherit (package.nodeModules) outputHash buildPhase impureEnvVars;
    };
  oldNode = (packageOn "x86_64-linux" "24.11.1").pname;
  otherSystem = (packageOn "riscv64-linux" "24.12.0").nodeModules.outputHash;
}
