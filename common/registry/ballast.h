#pragma once

#include <atomic>
#include <filesystem>

namespace pyro {

/// A file of some MiB beside the registry that is made while there is room. On a full disk it is
/// given up for a change that frees space: without it not even a deletion could be recorded.
/// Thread-safe; several processes may share the file.
class Ballast {
 public:
  explicit Ballast(std::filesystem::path file);

  /// Makes it when it is missing and the disk has several times its size left.
  void keep();
  /// Frees its space; false: there was none.
  bool give_up();

 private:
  std::filesystem::path file_;
  std::atomic<bool> there_ = false;
};

}  // namespace pyro
