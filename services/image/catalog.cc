#include "services/image/catalog.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/reasons/environment.h"
#include "common/base/text.h"

namespace pyro::image {

std::span<const CatalogEntry> catalog() {
  // ca-certificates comes with git: without it no https remote can be cloned.
  static const std::vector<CatalogEntry> entries = {
      {"debian:12",
       "1.1.0",
       "Debian 12 with bash, coreutils, git and python3, for everyday work.",
       {"bash", "coreutils", "git", "ca-certificates", "python3"}},
      {"debian:12-base",
       "1.1.0",
       "Debian 12 with a shell and the core tools only; the smallest and quickest to install.",
       {"bash", "coreutils"}},
      {"debian:12-build",
       "1.1.0",
       "Debian 12 with git, a C and C++ toolchain, make, pkg-config and python3.",
       {"bash", "coreutils", "git", "ca-certificates", "gcc", "g++", "libc6-dev", "make",
        "pkg-config", "python3"}},
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
