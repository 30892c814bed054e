#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/confinement/confinement_plan.h"

namespace pyro {

/// A root directory that holds the files of a plan at their places, and nothing else. All of it is
/// read-only but the plan's writable files, which are there one by one: no name in it can be made,
/// removed or replaced.
class FileView {
 public:
  explicit FileView(const ConfinementPlan& plan);

  /// In a child with its own user and mount namespace: makes it the root directory.
  /// Async-signal-safe. Returns nullptr, or the failed step; errno says why.
  const char* enter();

 private:
  struct Entry {
    std::string path;
    std::string step;                  ///< for the error
    std::vector<std::string> parents;  ///< its directories, outermost first, without a slash before
    std::uint64_t attributes;
    bool directory = false;
    int tree = -1;

    const char* place() const { return path.c_str() + 1; }
  };
  void add(const std::vector<std::string>& paths, std::uint64_t attributes);
  const char* take(Entry& entry);
  static const char* put(const Entry& entry);

  std::vector<Entry> entries_;
};

}  // namespace pyro
