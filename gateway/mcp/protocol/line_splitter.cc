#include "gateway/mcp/protocol/line_splitter.h"

#include <utility>

#include "common/base/text.h"

namespace pyro::mcp {

void LineSplitter::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (!skipping_ && begun_.size() + part.size() > limit_bytes_) {
      skipping_ = true;
      begun_ = {};
      whole_.push_back({"", true});
    }
    if (!skipping_) begun_ += part;
    if (end == std::string_view::npos) return;
    if (!trim(begun_).empty()) whole_.push_back({std::move(begun_)});
    begun_ = {};
    skipping_ = false;
    bytes.remove_prefix(end + 1);
  }
}

std::optional<Line> LineSplitter::next() {
  if (whole_.empty()) return std::nullopt;
  Line line = std::move(whole_.front());
  whole_.pop_front();
  return line;
}

}  // namespace pyro::mcp
