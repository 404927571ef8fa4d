"""Named overlays on the config, one TOML file each."""
