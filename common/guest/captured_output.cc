#include "common/guest/captured_output.h"

#include <fmt/format.h>

#include <algorithm>

namespace pyro {
namespace {

constexpr std::size_t kHalf = CapturedOutput::kLimit / 2;

}  // namespace

void CapturedOutput::append(std::string_view data) {
  const std::size_t room = head_closed_ ? 0 : std::min(kHalf - head_.size(), data.size());
  head_ += data.substr(0, room);
  data.remove_prefix(room);
  tail_ += data;
  // Erasing only now and then keeps this linear in what was printed.
  if (tail_.size() > 2 * kHalf) {
    const std::size_t excess = tail_.size() - kHalf;
    tail_.erase(0, excess);
    dropped_ += excess;
  }
}

/// What follows is no longer the beginning.
void CapturedOutput::skip(std::size_t bytes) {
  head_closed_ = head_closed_ || bytes > 0;
  dropped_ += bytes;
}

std::string CapturedOutput::text() const {
  std::string_view tail = tail_;
  std::size_t dropped = dropped_;
  if (tail.size() > kHalf) {
    dropped += tail.size() - kHalf;
    tail.remove_prefix(tail.size() - kHalf);
  }
  if (dropped == 0) return head_ + std::string(tail);
  return fmt::format("{}\n[… {} bytes dropped …]\n{}", head_, dropped, tail);
}

}  // namespace pyro
