# Debian 12 packages, by what needs them. Sourced by scripts/setup.

# What the programs are built from.
build_packages="g++ cmake ninja-build pkg-config
  cppzmq-dev libzmq3-dev libmsgpack-cxx-dev libarchive-dev libsqlitecpp-dev libsqlite3-dev
  libspdlog-dev libfmt-dev libasio-dev nlohmann-json3-dev libcli11-dev libtomlplusplus-dev
  libext2fs-dev libssl-dev libseccomp-dev libvterm-dev"

# What the programs start. The Debian package depends on these.
run_packages="qemu-system-x86 e2fsprogs mmdebstrap fakeroot fakechroot kmod bubblewrap lz4
  cpio util-linux ca-certificates git"

# What the programs use if it is there. The Debian package suggests it: Debian's starts a web server.
optional_packages="nginx-light"

# The libraries that the programs are linked to. The Debian package finds them by itself.
library_packages="libarchive13 libcom-err2 libext2fs2 libfmt9 libgcc-s1 libseccomp2 libspdlog1.10
  libsqlite3-0 libssl3 libstdc++6 libtomlplusplus3 libvterm0 libzmq5"

# What makes and checks the Debian package.
package_packages="dpkg-dev file lintian"

# What tests, measures and checks the code.
test_packages="ccache openssh-client clang libclang-rt-dev clang-format clang-tidy libgtest-dev libgmock-dev
  libbenchmark-dev iproute2 zsh fish python3 nodejs npm"
