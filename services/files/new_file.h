#pragma once

#include <filesystem>

namespace pyro::files {

/// A file in the making under a temporary name beside its own: complete at once or never there.
class NewFile {
 public:
  /// already_exists: `target` is there. The rest of a killed predecessor is removed.
  explicit NewFile(std::filesystem::path target);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  /// Removes the temporary file unless it was put in place.
  ~NewFile();

  const std::filesystem::path& temporary() const { return temporary_; }
  /// On disk under its own name afterwards. already_exists: another process made it meanwhile.
  void put_in_place();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  bool in_place_ = false;
};

}  // namespace pyro::files
