# Where a test gets Debian 12 from. Sourced.

# What the host's apt reads Debian 12 from, as lines of a sources.list.
debian_sources() {
  for codename in bookworm bookworm-updates bookworm-security; do
    apt-get indextargets --format \
      'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) main' \
      'Identifier: Packages' 'Origin: Debian' 'Component: main' "Codename: $codename"
  done | sort -u
}

# DIR/sources.list and DIR/apt.conf, for mmdebstrap.
write_apt_files() { # DIR
  debian_sources >"$1/sources.list"
  [ -s "$1/sources.list" ] || echo 'deb http://deb.debian.org/debian bookworm main' >"$1/sources.list"
  apt-config dump | grep -E '^Acquire::[^ ]*(Proxy|Check-Valid-Until)[^ ]* ' >"$1/apt.conf" || true
}

# Runs the words in a mount and a process namespace of their own, as their root: nothing of their mounts and
# processes is left when they end, however they end.
in_namespaces() { # WORDS…
  as_root=""
  [ "$(id -u)" -eq 0 ] || as_root="--user --map-root-user --map-auto"
  # shellcheck disable=SC2086 # a list of words
  unshare $as_root --mount --pid --fork --kill-child "$@"
}
