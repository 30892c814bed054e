#pragma once

#include <filesystem>
#include <string>

namespace pyro::files {

/// Current exports, each with a file that names its temporary directory, to find the leftovers of a
/// kill.
class PendingExports {
 public:
  /// Makes a missing `directory`.
  explicit PendingExports(std::filesystem::path directory);

  /// Removes the leftovers of killed predecessors. Call it before any export begins.
  void remove_leftovers() const;

  /// One export: its temporary name beside the target, which ends with this object.
  class Export {
   public:
    /// `opened` is `parent`, open as long as this object lives.
    Export(const PendingExports& exports, const std::filesystem::path& parent, int opened);
    Export(const Export&) = delete;
    Export& operator=(const Export&) = delete;
    /// Removes an entry that still has the temporary name.
    ~Export();

    const std::string& name() const { return name_; }

   private:
    std::filesystem::path record_;
    int parent_;
    std::string name_;
  };

 private:
  std::filesystem::path directory_;
};

}  // namespace pyro::files
