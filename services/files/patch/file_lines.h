#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace pyro::files {

/// The lines of a file, found once.
class FileLines {
 public:
  explicit FileLines(std::string_view content);

  std::size_t count() const { return starts_.size() - 1; }
  /// With its end.
  std::string_view whole(std::size_t line) const {
    return content_.substr(starts_[line], starts_[line + 1] - starts_[line]);
  }
  /// Without its end, `\n` or `\r\n`.
  std::string_view text(std::size_t line) const;
  bool has_crlf(std::size_t line) const { return whole(line).ends_with("\r\n"); }
  bool lacks_end(std::size_t line) const { return !whole(line).ends_with('\n'); }

 private:
  std::string_view content_;
  std::vector<std::uint32_t> starts_;  ///< and the end
};

}  // namespace pyro::files
