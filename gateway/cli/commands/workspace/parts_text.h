#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/api/workspace.h"

/// Text that several commands print about a workspace.
namespace pyro::cli {

/// Cuts text of a caller or a guest to this many columns.
inline constexpr std::size_t kTextColumns = 200;

/// A path on one line, uncut up to Linux's limit of a path.
std::string path_text(std::string_view path);

/// `120 entries, 3.4 MiB`
std::string amount_text(std::uint64_t entries, std::uint64_t bytes);

/// `; 2 sockets, FIFOs or devices were left out`, or "" for none
std::string skipped_text(std::uint64_t skipped);

/// `a=1, b=2`
std::string labels_text(const std::map<std::string, std::string>& labels);

/// `exit 2 after 1.2 s`, `cancelled after 3 s`, `runs for 12 s as job 0123456789ab`.
std::string outcome_text(const api::CommandSummary& command);

/// How many paths or files a diff or a patch changes.
struct ChangeCounts {
  std::uint32_t total = 0;
  std::uint32_t added = 0;
  std::uint32_t modified = 0;
  std::uint32_t deleted = 0;
  std::uint32_t type_changed = 0;
};

/// `; 12 ignored paths left out`, or "" for none
std::string ignored_text(std::uint32_t ignored);

/// `3 paths: 1 added, 2 modified`
std::string counts_text(const ChangeCounts& counts, std::string_view one_of_them);

}  // namespace pyro::cli
