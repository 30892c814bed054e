# Debian 12 packages, by what needs them. Sourced by scripts/setup.

build_packages="g++ cmake ninja-build ccache pkg-config git clang libclang-rt-dev clang-format clang-tidy
  cppzmq-dev libzmq3-dev libmsgpack-cxx-dev libarchive-dev libsqlitecpp-dev libsqlite3-dev
  libspdlog-dev libfmt-dev libgtest-dev libgmock-dev libasio-dev nlohmann-json3-dev libcli11-dev
  libtomlplusplus-dev libext2fs-dev libssl-dev libbenchmark-dev"

run_packages="qemu-system-x86 e2fsprogs mmdebstrap fakeroot fakechroot kmod bubblewrap passt lz4
  cpio util-linux ca-certificates git"

test_packages="zsh fish python3 nodejs npm"
