#pragma once

#include <filesystem>
#include <string>

namespace pyro::files {

/// Exports that are being written, each with a file that names its temporary directory, so that
/// what a kill left behind is found again.
class PendingExports {
 public:
  /// `directory` is made when missing.
  explicit PendingExports(std::filesystem::path directory);

  /// Removes what killed predecessors left. To be called before any export begins.
  void remove_leftovers() const;

  /// One export: its temporary name beside the target, gone with this object.
  class Export {
   public:
    /// `opened` is `parent`, open for as long as this object lives.
    Export(const PendingExports& exports, const std::filesystem::path& parent, int opened);
    Export(const Export&) = delete;
    Export& operator=(const Export&) = delete;
    /// Removes the entry that still has the temporary name.
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
