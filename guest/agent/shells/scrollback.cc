#include "guest/agent/shells/scrollback.h"

#include <algorithm>

#include "common/api/shell_state.h"
#include "common/base/text.h"

namespace pyro::agent {

void Scrollback::append(std::string_view data) {
  total_ += data.size();
  while (!data.empty()) {
    if (blocks_.empty() || blocks_.back().size() == kBlockBytes) blocks_.emplace_back();
    std::string& last = blocks_.back();
    const std::string_view part = data.substr(0, kBlockBytes - last.size());
    last.append(part);
    data.remove_prefix(part.size());
  }
  while (total_ - oldest_.offset >= api::kKeptShellBytes + kBlockBytes) {
    const std::string& first = blocks_.front();
    oldest_.offset += first.size();
    oldest_.characters +=
        static_cast<std::uint64_t>(std::count_if(first.begin(), first.end(), begins_character));
    blocks_.pop_front();
  }
}

Scrollback::Piece Scrollback::read(std::uint64_t offset, std::uint64_t max_bytes) const {
  Piece piece{.offset = std::max(offset, oldest_.offset), .data = {}};
  const std::uint64_t left = piece.offset < total_ ? total_ - piece.offset : 0;
  const std::uint64_t bytes = std::min(left, max_bytes);
  while (piece.data.size() < bytes) {
    const std::uint64_t at = piece.offset + piece.data.size() - oldest_.offset;
    const std::string& block = blocks_.at(at / kBlockBytes);
    piece.data.append(block, at % kBlockBytes, bytes - piece.data.size());
  }
  return piece;
}

}  // namespace pyro::agent
