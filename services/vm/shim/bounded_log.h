#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "common/base/unique_fd.h"

namespace pyro::vm {

/// A log without end in a file that has one: it keeps the newest part. A full disk loses output and
/// nothing else.
class BoundedLog {
 public:
  static constexpr std::uint64_t kMostBytes = 1U << 20U;

  /// Continues an existing file.
  explicit BoundedLog(const std::filesystem::path& file, std::uint64_t most_bytes = kMostBytes);

  /// Others may append as well.
  void append(std::string_view text) noexcept;

 private:
  bool keep_newest(std::uint64_t size, std::uint64_t kept) noexcept;

  UniqueFd file_;
  std::uint64_t most_bytes_;
};

}  // namespace pyro::vm
