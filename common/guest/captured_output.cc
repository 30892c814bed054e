#include "common/guest/captured_output.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/text.h"

namespace pyro {
namespace {

/// Where the last line is looked for, and what is shown of it.
constexpr std::uint64_t kLastBytes = 4096;
constexpr std::size_t kLastLineColumns = 200;

constexpr std::size_t kHalf = CapturedOutput::kLimit / 2;
/// No stream is longer, even if a guest says so: sums of lengths do not overflow.
constexpr std::uint64_t kMostDropped = std::uint64_t{1} << 60U;

}  // namespace

OutputSpan locate(OutputShape shape, std::uint64_t kept_bytes, std::uint64_t offset,
                  std::uint64_t max_bytes) {
  const std::uint64_t head = std::min(shape.head, kept_bytes);
  const std::uint64_t tail = kept_bytes - head;
  const std::uint64_t tail_start = std::max(head, shape.total - std::min(shape.total, tail));
  const bool gap = tail_start > head;
  const auto span = [&](std::uint64_t start, std::uint64_t position, std::uint64_t end) {
    OutputSpan found{
        .dropped = start - offset, .position = position, .bytes = std::min(max_bytes, end - start)};
    if (start + found.bytes < end) {
      found.then = OutputPart::Then::kMore;
    } else if (end < shape.total) {
      found.then = OutputPart::Then::kGap;
    }
    return found;
  };
  if (offset < head) return span(offset, offset, gap ? head : head + tail);
  const std::uint64_t end = tail_start + tail;
  // A reader that is ahead of us waits.
  if (offset > end) return {.position = kept_bytes};
  const std::uint64_t start = std::max(offset, tail_start);
  return span(start, head + (start - tail_start), end);
}

std::string gap_text(std::uint64_t dropped) {
  return fmt::format("\n[… {} bytes dropped …]\n", dropped);
}

std::string text_of(OutputShape shape, std::string_view kept) {
  if (kept.size() >= shape.total) return std::string(kept);
  const std::string_view head = kept.substr(0, shape.head);
  return fmt::format("{}{}{}", head, gap_text(shape.total - kept.size()), kept.substr(head.size()));
}

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

/// The beginning ends at the first gap, and the end begins after the last one.
void CapturedOutput::skip(std::uint64_t bytes) {
  if (bytes == 0) return;
  head_closed_ = true;
  dropped_ = std::min(dropped_ + tail_.size() + std::min(bytes, kMostDropped), kMostDropped);
  tail_.clear();
}

std::string_view CapturedOutput::tail() const {
  std::string_view tail = tail_;
  // Without a gap all of it fits.
  if (dropped_ == 0 && head_.size() + tail.size() <= kLimit) return tail;
  return tail.substr(tail.size() - std::min(tail.size(), kHalf));
}

OutputShape CapturedOutput::shape() const {
  return {.total = head_.size() + dropped_ + tail_.size(), .head = head_.size()};
}

std::string CapturedOutput::kept() const { return head_ + std::string(tail()); }

OutputPart CapturedOutput::read(std::uint64_t offset, std::uint64_t max_bytes) const {
  const OutputSpan span = locate(shape(), head_.size() + tail().size(), offset, max_bytes);
  OutputPart part{.dropped = span.dropped, .data = {}, .then = span.then};
  const std::uint64_t head = head_.size();
  if (span.position < head) part.data = head_.substr(span.position, span.bytes);
  if (span.position + span.bytes > head) {
    part.data += tail().substr(std::max(span.position, head) - head, span.bytes - part.data.size());
  }
  return part;
}

std::string CapturedOutput::last_line() const {
  const std::uint64_t total = shape().total;
  std::string text = read(total - std::min(total, kLastBytes), kLastBytes).data;
  // A carriage return restarts the line, as in a progress bar.
  std::replace(text.begin(), text.end(), '\r', '\n');
  const auto lines = split(text, '\n');
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (std::string shown = one_line(*line, kLastLineColumns); !shown.empty()) return shown;
  }
  return "";
}

}  // namespace pyro
