#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/tree/tree.h"

namespace pyro::tree {

enum class Content { kWithout, kWith };
enum class Recursive { kNo, kYes };
/// kAsZeros: in data().
enum class Holes { kAsZeros, kAsHoles };

struct WalkOptions {
  Content content = Content::kWith;
  Recursive recursive = Recursive::kYes;
  Holes holes = Holes::kAsZeros;
  /// Files with this ctime come without content and without end_file(), and are not opened.
  std::optional<std::int64_t> known_ctime_ns{};
  /// Called between pieces of work; throws to end the walk (a stop, a deadline).
  std::function<void()> check{};
  /// False for an entry (without content) leaves it out, and a directory with all below.
  std::function<bool(const Entry&)> wanted{};
};

/// Walks the tree below the directory `top` (a descriptor) from `path` on, names sorted by their
/// bytes, and passes it to the sink. Paths in the sink are relative to `path`, whose own entry is
/// "". Opens each part relative to its parent (openat2, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
/// RESOLVE_NO_MAGICLINKS), so that a changing tree never leads out of it. Leaves out an entry that
/// vanishes between list and open; passes sockets, FIFOs and devices as kOther and counts them as
/// skipped.
/// not_found: `path` is missing. An unreadable entry is an Error that names it.
Totals walk(int top, const std::string& path, const WalkOptions& options, Sink& sink);

/// One entry, links not followed; kAbsent if it is missing.
Entry look_at(int top, const std::string& path);

}  // namespace pyro::tree
