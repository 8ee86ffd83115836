# A system closure with the interface of a NixOS toplevel (nixos.md §2.1).
lib: { spec, node, chimera, stc, tmux, etcEntries, units, faults }:
let
  inherit (lib) quote;
  name = "nixos-system-${spec.host}-${spec.label}";
  boot = spec.boot or null;
  # A real kernel's path is named linux-<version>; another version asked for is the same kernel under another path.
  kernelVersion = spec.kernelVersion or (if boot == null then "6.12.0-lab" else builtins.substring 50 (-1) boot.kernel);
  initInterface = if faults.initInterface != null then faults.initInterface else "systemd 2";
  kernelParams = (spec.kernelParams or [ "quiet" ]) ++ faults.kernelParams
    ++ (if boot == null then [ ] else [ "console=ttyS0" "mitigations=off" ]);

  etc = import ./etc.nix lib (etcEntries // {
    "systemd/system".source = import ./units.nix lib units;
  });

  kernel = lib.runShell "linux-${kernelVersion}"
    ({ inherit kernelVersion; } // lib.optional (boot != null && faults.kernelBoots) { source = builtins.storePath boot.kernel; }) ''
    mkdir -p "$out/lib/modules"
    ${if boot != null && faults.kernelBoots then ''cp "$source/bzImage" "$out/bzImage"'' else ''echo "lab kernel $kernelVersion" > "$out/bzImage"''}
    echo "lab initrd for $kernelVersion" > "$out/initrd"
    ${if boot != null && faults.kernelBoots && !(spec ? kernelVersion) then ''ln -s "$source/lib/modules/$kernelVersion" "$out/lib/modules/"'' else ''mkdir "$out/lib/modules/$kernelVersion"; touch "$out/lib/modules/$kernelVersion/modules.dep"''}
  '';
  initrd = if boot == null then "${kernel}/initrd" else "${builtins.storePath boot.initrd}/initrd";
  loader = if boot == null then "" else toString [ boot.kind (boot.tries or "") ];

  # Bytes that do not compress and depend on the seed only.
  payload = derivation {
    name = "payload-${toString spec.payloadMb}";
    inherit (lib) system;
    builder = "${node}/bin/node";
    seed = spec.payloadSeed or "chimera";
    megabytes = toString spec.payloadMb;
    args = [ "-e" ''
      const { createCipheriv, createHash } = require("node:crypto");
      const { mkdirSync, openSync, writeSync } = require("node:fs");
      mkdirSync(process.env.out);
      const key = createHash("sha256").update(process.env.seed).digest().subarray(0, 16);
      const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
      const file = openSync(process.env.out + "/payload", "w");
      for (let i = 0; i < Number(process.env.megabytes); i++) writeSync(file, cipher.update(Buffer.alloc(1 << 20)));
    '' ];
  };

  # Tools that scripts may expect of a system, and which here are Debian's.
  debianTools = [ "sh" "systemctl" "systemd-run" "journalctl" "nix" "nix-env" "nix-store" "nix-build" "ip" "kill" "sleep" "touch" ];
  nixosVersion = lib.writeScript "nixos-version" ''
    #!/bin/sh
    case "''${1-}" in
      --json) echo '${builtins.toJSON { nixosVersion = spec.label; configurationRevision = spec.label; }}' ;;
      --configuration-revision) echo ${quote spec.label} ;;
      *) echo ${quote "${spec.label} (Chimera lab)"} ;;
    esac
  '';
  bootctl = lib.writeScript "bootctl" (builtins.readFile ./scripts/bootctl.sh);
  sw = lib.runShell "system-path" { } ''
    mkdir -p "$out/bin"
    ${lib.eachLine (tool: ''ln -s /usr/bin/${tool} "$out/bin/${tool}"'') debianTools}
    ln -s ${nixosVersion} "$out/bin/nixos-version"
    ln -s ${tmux} "$out/bin/tmux"
    ${if boot == null then ''ln -s ${bootctl} "$out/bin/bootctl"'' else ""}
    ln -s ${node}/bin/node "$out/bin/node"
    ln -s ${chimera}/bin/* "$out/bin/"
  '';
  systemd = lib.runShell "systemd" { } ''
    mkdir -p "$out/bin" "$out/lib/systemd"
    ln -s /usr/bin/systemctl "$out/bin/systemctl"
    ln -s /usr/lib/systemd/systemd "$out/lib/systemd/systemd"
  '';

  program = "${node}/bin/node ${stc}";
  scripts = builtins.mapAttrs
    (file: values: lib.fill (values // { inherit program; }) (./scripts + "/${file}"))
    {
      "activate.sh" = { inherit etc; fault = faults.activation; };
      "dry-activate.sh" = { inherit etc; };
      "init.sh" = { fault = faults.init; };
      "switch-to-configuration.sh" = { };
      "pre-switch-checks.sh" = { fault = faults.preSwitch; };
      "install-bootloader.sh" = { inherit loader; };
    };
  bootspec = {
    "org.nixos.bootspec.v1" = {
      inherit (lib) system;
      kernel = "${kernel}/bzImage";
      inherit initrd;
      inherit kernelParams;
      label = "Chimera lab ${spec.label}";
      # The builder puts its own path here: a derivation does not know it.
      toplevel = "@out@";
      init = "@out@/init";
    };
    "org.nixos.specialisation.v1" = { };
  };
in
lib.runShell name
  {
    inherit (spec) label;
    inherit initInterface;
    inhibitors = builtins.toJSON (spec.inhibitors or { });
    kernelParams = toString kernelParams;
    bootspec = builtins.toJSON bootspec;
    activate = scripts."activate.sh";
    dryActivate = scripts."dry-activate.sh";
    init = scripts."init.sh";
    switchToConfiguration = scripts."switch-to-configuration.sh";
    preSwitchChecks = scripts."pre-switch-checks.sh";
    installBootloader = scripts."install-bootloader.sh";
    passAsFile = [ "activate" "dryActivate" "init" "switchToConfiguration" "preSwitchChecks" "installBootloader" "bootspec" ];
  } ''
  mkdir -p "$out/bin" "$out/specialisation"
  script() {
    sed "s|@out@|$out|g" "$1" > "$out/$2"
    chmod 555 "$out/$2"
  }
  script "$activatePath" activate
  script "$dryActivatePath" dry-activate
  script "$initPath" init
  script "$switchToConfigurationPath" bin/switch-to-configuration
  script "$preSwitchChecksPath" pre-switch-checks
  script "$installBootloaderPath" install-bootloader
  sed "s|@out@|$out|g" "$bootspecPath" > "$out/boot.json"
  ln -s ${etc}/etc "$out/etc"
  ln -s ${sw} "$out/sw"
  ln -s ${systemd} "$out/systemd"
  ln -s ${kernel}/bzImage "$out/kernel"
  ln -s ${kernel} "$out/kernel-modules"
  ln -s ${initrd} "$out/initrd"
  printf %s "$kernelParams" > "$out/kernel-params"
  printf %s "$label" > "$out/nixos-version"
  printf %s ${quote lib.system} > "$out/system"
  printf %s "$initInterface" > "$out/init-interface-version"
  printf %s "$inhibitors" > "$out/switch-inhibitors"
  ${if (spec.payloadMb or 0) > 0 then ''ln -s ${payload} "$out/payload"'' else ""}
  ${lib.mapLines (special: toplevel: ''ln -s ${toplevel} "$out"/specialisation/${quote special}'') (spec.specialisations or { })}
''
