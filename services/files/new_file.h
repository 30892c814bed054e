#pragma once

#include <filesystem>

namespace pyro::files {

/// A new file under a temporary name beside its own: complete or absent.
class NewFile {
 public:
  /// Removes the leftover of a killed predecessor. already_exists: `target` exists.
  explicit NewFile(std::filesystem::path target);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  /// Removes the temporary file unless it was published.
  ~NewFile();

  const std::filesystem::path& temporary() const { return temporary_; }
  /// Syncs it and renames it to its own name. already_exists: another process made it meanwhile.
  void put_in_place();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  bool in_place_ = false;
};

}  // namespace pyro::files
