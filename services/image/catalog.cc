#include "services/image/catalog.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/reasons/environment.h"
#include "common/base/text.h"

namespace pyro::image {
namespace {

// ca-certificates comes with git: without it no https remote can be cloned.
const std::vector<std::string> kEveryday = {
    "bash",    "coreutils",   "git",          "ca-certificates",
    "python3", "python3-pip", "python3-venv", "curl",
    "wget",    "patch",       "procps",       "file",
    "less",    "xz-utils",    "bzip2",        "zip",
    "unzip",   "zstd"};

std::vector<std::string> with_everyday(std::vector<std::string> more) {
  more.insert(more.begin(), kEveryday.begin(), kEveryday.end());
  return more;
}

}  // namespace

std::span<const CatalogEntry> catalog() {
  static const std::vector<CatalogEntry> entries = {
      {"debian:12", "1.2.0",
       "Debian 12 with git, python3 with pip and venv, curl, and the tools of everyday work.",
       kEveryday},
      {"debian:12-base",
       "1.1.0",
       "Debian 12 with a shell and the core tools only; the smallest and quickest to install.",
       {"bash", "coreutils"}},
      {"debian:12-build", "1.2.0",
       "debian:12 with gcc, clang, make, cmake, ninja, autotools, gdb, common headers, Node.js and "
       "npm.",
       with_everyday({"gcc",         "g++",         "libc6-dev",  "make",     "pkg-config",
                      "cmake",       "ninja-build", "autoconf",   "automake", "libtool",
                      "bison",       "flex",        "gdb",        "strace",   "clang",
                      "python3-dev", "zlib1g-dev",  "libssl-dev", "jq",       "ripgrep",
                      "nodejs",      "npm"})},
  };
  return entries;
}

const CatalogEntry& find_in_catalog(std::string_view name) {
  const auto entries = catalog();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [name](const auto& entry) { return entry.name == name; });
  if (found != entries.end()) return *found;
  std::vector<std::string> known;
  for (const auto& entry : entries) known.push_back(entry.name);
  throw not_found(reason::kEnvironmentUnknown,
                  "environment '{}' does not exist; known environments: {}", printable(name),
                  join(known, ", "));
}

}  // namespace pyro::image
