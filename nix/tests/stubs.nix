# Stand-ins for what the modules set outside their own namespace, so that nixpkgs' own module system can evaluate them
# without the rest of nixpkgs. Their types take everything: what NixOS itself would refuse is not seen here.
{
  lib,
  natsVersion,
  # Newer nixpkgs have the option boot.loader.systemd-boot.bootCounting.
  withBootCounting ? true,
}:
let
  inherit (lib) mkOption types;
  free = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };
  listOf = type: mkOption {
    type = types.listOf type;
    default = [ ];
  };
  value = default: mkOption {
    type = types.anything;
    inherit default;
  };

  package = name: version: {
    type = "derivation";
    inherit name version;
    outPath = "/nix/store/00000000000000000000000000000000-${name}";
    meta.mainProgram = name;
  };
  # A generated file that can be looked into.
  file = name: attrs: package name "0" // attrs;
in
{
  options = {
    assertions = listOf types.unspecified;
    boot.kernelParams = listOf types.str;
    boot.loader.systemd-boot = {
      enable = value false;
    }
    // lib.optionalAttrs withBootCounting {
      bootCounting = {
        enable = value false;
        tries = value 3;
      };
    };
    environment.etc = free;
    environment.systemPackages = listOf types.package;
    networking.hostName = value "n1";
    nixpkgs.hostPlatform = value null;
    networking.firewall.allowedTCPPorts = listOf types.port;
    nix.enable = value true;
    nix.package = value (package "nix" "2.31.0");
    nix.settings = free;
    systemd.package = value (package "systemd" "258");
    systemd.services = free;
    systemd.timers = free;
    users.users = free;
    users.groups = free;
    services.nats = {
      enable = value false;
      jetstream = value false;
      serverName = value "nats";
      port = value 4222;
      settings = free;
    };
  };

  config._module.args.pkgs = {
    runtimeShell = "/nix/store/00000000000000000000000000000000-bash/bin/bash";
    formats.json = _: {
      # What pkgs.formats.json takes; older nixpkgs.lib have no types.json.
      type =
        types.json or (
          let
            json = types.nullOr (
              types.oneOf [
                types.bool
                types.int
                types.float
                types.str
                (types.attrsOf json)
                (types.listOf json)
              ]
            );
          in
          json
        );
      generate = name: value: file name { inherit value; };
    };
    writeScript = name: text: file name { inherit text; };
    nats-server = package "nats-server" natsVersion;
  }
  // lib.genAttrs [
    "attr"
    "chimera"
    "coreutils"
    "e2fsprogs"
    "gnugrep"
    "tmux"
    "util-linux"
  ] (name: package name "1");
}
