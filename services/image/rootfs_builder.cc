#include "services/image/rootfs_builder.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <cstring>
#include <memory>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "services/image/login_profiles.h"
#include "services/image/tool.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kInodeBytes = 256;

/// Extracts, tidies and writes the file system in one fakeroot session, which alone remembers the
/// owners. $1 tarball, $2 empty directory, $3 our own files, $4 image, $5 blocks, $6 inodes.
/// It is only read: no journal and no room to grow. A fixed UUID and hash seed keep the same tree
/// the same directory order.
constexpr const char* kFileSystemScript = R"sh(set -e
tar --numeric-owner -xf "$1" -C "$2"
rm -f "$1"
cd "$2"
rm -f etc/apt/sources.list.d/*.list etc/apt/sources.list etc/apt/apt.conf.d/99mmdebstrap
rm -f etc/resolv.conf etc/hostname etc/machine-id
rm -rf var/cache/ldconfig/aux-cache var/cache/debconf/*-old var/lib/dpkg/*-old var/log/apt
rm -f var/log/dpkg.log var/log/alternatives.log var/log/bootstrap.log
cp -r "$3"/. .
: > etc/resolv.conf
: > etc/machine-id
echo pyro > etc/hostname
chmod 644 etc/apt/sources.list etc/profile root/.profile etc/resolv.conf etc/machine-id etc/hostname
mkdir -p workspace run/lock
mke2fs -q -F -t ext4 -b 4096 -I 256 -N "$6" -m 0 -L pyro-root \
  -O '^has_journal,^resize_inode,^metadata_csum,^64bit,^orphan_file' \
  -E root_owner=0:0,lazy_itable_init=1,hash_seed=70797230-0000-4000-8000-000000000001 \
  -U 70797230-0000-4000-8000-000000000002 -d "$2" "$4" "$5"
)sh";

struct Phase {
  std::string_view line;
  std::string_view phase;
  std::string_view message;
};

/// The lines by which mmdebstrap 1.x announces its steps, in their order.
constexpr std::array<Phase, 7> kPhases = {{
    {"I: running apt-get update", "update", "fetching the package lists"},
    {"I: downloading packages", "download", "downloading packages"},
    {"I: extracting archives", "extract", "extracting the essential packages"},
    {"I: installing essential", "install", "installing the essential packages"},
    {"I: installing remaining", "packages", "installing the other packages"},
    {"I: cleaning package lists", "clean", "cleaning up"},
    {"I: creating tarball", "archive", "packing the root file system"},
}};
/// mmdebstrap's, then the file system's own.
constexpr std::uint64_t kSteps = kPhases.size() + 1;

/// Our replacements for files of the packages, at the paths in the root file system.
void lay_out_own_files(const fs::path& directory) {
  const std::pair<fs::path, std::string> files[] = {
      {"etc/apt/sources.list", join(default_sources(), "\n") + "\n"},
      {"etc/profile", std::string(kSystemProfile)},
      {"root/.profile", std::string(kRootProfile)}};
  for (const auto& [path, text] : files) {
    fs::create_directories((directory / path).parent_path());
    write_file_atomically(directory / path, text, 0644);
  }
}

std::uint64_t blocks_for(std::uint64_t bytes) { return (bytes + kBlockBytes - 1) / kBlockBytes; }

}  // namespace

std::vector<std::string> mmdebstrap_arguments(const CatalogEntry& entry, const AptSource& source,
                                              const fs::path& sources_list,
                                              const fs::path& tarball) {
  // The guest's own dpkg excludes the same paths, as in Debian's container images.
  std::vector<std::string> arguments = {
      "mmdebstrap",
      "--mode=fakechroot",
      "--variant=minbase",
      "--format=tar",
      "--architectures=amd64",
      "--include=" + join(entry.packages, ","),
      "--dpkgopt=path-exclude=/usr/share/man/*",
      "--dpkgopt=path-exclude=/usr/share/info/*",
      "--dpkgopt=path-exclude=/usr/share/doc/*",
      "--dpkgopt=path-include=/usr/share/doc/*/copyright",
      "--dpkgopt=path-exclude=/usr/share/locale/*",
      "--dpkgopt=path-include=/usr/share/locale/locale.alias",
      "--dpkgopt=force-unsafe-io",
      "--aptopt=Acquire::Retries \"2\"",
      "--aptopt=Acquire::http::Timeout \"20\"",
      "--aptopt=Acquire::https::Timeout \"20\"",
  };
  for (const auto& option : source.options) arguments.push_back("--aptopt=" + option);
  for (const auto& argument : {std::string(kSuite), tarball.string(), sources_list.string()}) {
    arguments.push_back(argument);
  }
  return arguments;
}

void report_mmdebstrap_line(std::string_view line, const Work& work) {
  for (std::size_t i = 0; i < kPhases.size(); ++i) {
    const auto& phase = kPhases.at(i);
    if (line.starts_with(phase.line)) work.report(phase.phase, phase.message, i, kSteps);
  }
}

TreeSize measure_tarball(const fs::path& tarball) {
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(),
                                                                      archive_read_free);
  const auto check = [&](int result) {
    if (result == ARCHIVE_OK || result == ARCHIVE_EOF || result == ARCHIVE_WARN) return result;
    const char* why = archive_error_string(reader.get());
    throw invalid_argument("'{}' is no tar archive: {}", tarball.string(),
                           why == nullptr ? "unknown format" : why);
  };
  check(archive_read_support_format_tar(reader.get()));
  check(archive_read_open_filename(reader.get(), tarball.c_str(), 1U << 20U));
  TreeSize size;
  std::uint64_t name_bytes = 0;
  archive_entry* entry = nullptr;
  while (check(archive_read_next_header(reader.get(), &entry)) != ARCHIVE_EOF) {
    // An entry in a directory takes 8 bytes and the name, which is at most the path.
    name_bytes += 8 + std::strlen(archive_entry_pathname(entry));
    if (archive_entry_hardlink(entry) != nullptr) continue;
    ++size.inodes;
    const auto bytes =
        static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(entry)));
    // One more for a directory's first block, or a long link's or extent tree's.
    size.blocks += blocks_for(bytes) + (archive_entry_filetype(entry) == AE_IFREG ? 0 : 1);
  }
  if (size.inodes == 0) throw invalid_argument("'{}' holds nothing", tarball.string());
  size.inodes += 64;  // the file system's own, and what is added
  size.blocks += blocks_for(name_bytes) + blocks_for(size.inodes * kInodeBytes);
  size.blocks += size.blocks / 50 + 2048;  // bitmaps, group descriptors, extent trees
  return size;
}

void build_debian_rootfs(const CatalogEntry& entry, const AptSource& source,
                         const fs::path& scratch, const fs::path& result, const Work& work) {
  const fs::path sources_list = scratch / "sources.list";
  const fs::path own_files = scratch / "own";
  const fs::path tarball = scratch / "rootfs.tar";
  const fs::path tree = scratch / "tree";
  write_file_atomically(sources_list, join(source.lines, "\n") + "\n", 0644);
  lay_out_own_files(own_files);
  // A configuration of the caller's own could pull anything into the environment.
  const std::map<std::string, std::optional<std::string>> environment = {
      {"TMPDIR", scratch.string()},
      {"HOME", scratch.string()},
      {"LC_ALL", "C.UTF-8"},
      {"APT_CONFIG", std::nullopt},
      {"LD_PRELOAD", std::nullopt}};
  run_tool({.argv = mmdebstrap_arguments(entry, source, sources_list, tarball),
            .environment = environment,
            .directory = scratch},
           work, scratch, [&work](std::string_view line) { report_mmdebstrap_line(line, work); });
  work.report("filesystem", "writing the root file system", kSteps - 1, kSteps);
  const TreeSize size = measure_tarball(tarball);
  fs::create_directory(tree);
  run_tool({.argv = {"fakeroot", "sh", "-c", kFileSystemScript, "sh", tarball.string(),
                     tree.string(), own_files.string(), (result / "rootfs.ext4").string(),
                     std::to_string(size.blocks), std::to_string(size.inodes)},
            .environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}, {"LC_ALL", "C.UTF-8"}},
            .directory = scratch},
           work, scratch);
}

}  // namespace pyro::image
