#include "services/files/patch/file_lines.h"

namespace pyro::files {

FileLines::FileLines(std::string_view content) : content_(content) {
  for (std::size_t at = 0; at < content.size();) {
    starts_.push_back(static_cast<std::uint32_t>(at));
    const std::size_t end = content.find('\n', at);
    at = end == content.npos ? content.size() : end + 1;
  }
  starts_.push_back(static_cast<std::uint32_t>(content.size()));
}

std::string_view FileLines::text(std::size_t line) const {
  std::string_view text = whole(line);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (has_crlf(line)) text.remove_suffix(1);
  return text;
}

}  // namespace pyro::files
