#pragma once

#include <functional>
#include <string>

#include "common/tree/tree.h"

namespace pyro::tree {

enum class Content { kWithout, kWith };
enum class Recursive { kNo, kYes };

struct WalkOptions {
  Content content = Content::kWith;
  Recursive recursive = Recursive::kYes;
  /// Called between pieces of work; throws to end the walk (a stop, a deadline).
  std::function<void()> check{};
  /// An entry (without content) for which it says no is left out, and a directory is not entered.
  std::function<bool(const Entry&)> wanted{};
};

/// Walks the tree below the directory `top` (a descriptor) from `path` on, names sorted by their
/// bytes, and gives it to the sink, the entry of `path` itself included: paths in the sink are
/// relative to `path`, whose own is "". Each part is opened relative to the directory above it
/// (openat2, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS), so that a tree that
/// changes meanwhile never leads out of it. An entry that vanishes between list and open is left
/// out; sockets, FIFOs and devices are given as kOther and counted as skipped.
/// not_found: `path` is not there. An unreadable entry is an Error that names it.
Totals walk(int top, const std::string& path, const WalkOptions& options, Sink& sink);

/// One entry, links not followed; kAbsent when it is not there.
Entry look_at(int top, const std::string& path);

}  // namespace pyro::tree
