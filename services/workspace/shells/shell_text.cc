#include "services/workspace/shells/shell_text.h"

#include "common/base/text.h"

namespace pyro::workspace {
namespace {

/// As the first byte says.
std::size_t claimed_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xF0 && byte <= 0xF4) return 4;
  if ((byte & 0xF0U) == 0xE0) return 3;
  if (byte >= 0xC2 && byte <= 0xDF) return 2;
  return 1;
}

}  // namespace

ShellText::ShellText(ShellPlace place, const Bytes& bytes, const Redactor* redactor)
    : place_(place),
      begin_(place.offset),
      bytes_(bytes.bytes),
      is_end_(bytes.is_end),
      found_((redactor == nullptr ? Redactor() : *redactor)
                 .find(bytes_, {.covered = place.covered,
                                .after_gap = bytes.after_gap,
                                .goes_on = !bytes.is_end})) {}

std::size_t ShellText::next_length(std::string_view text, bool ends) const {
  const std::size_t claimed = claimed_length(text.front());
  // Whether it is one shows only with its last byte, unless one before that is wrong.
  if (claimed > text.size() && !ends && whole_characters(text) == 0) return 0;
  return invalid_bytes(text.substr(0, claimed)) == 0 ? claimed : 1;
}

void ShellText::advance(std::size_t bytes) {
  const std::size_t at = place_.offset - begin_;
  for (const char byte : bytes_.substr(at, bytes)) place_.characters += begins_character(byte);
  place_.offset += bytes;
  place_.covered = at + bytes == found_.decided ? found_.covered : 0;
  if (segment_ < found_.segments.size() && at + bytes == found_.segments[segment_].end) ++segment_;
}

void ShellText::leave_covered() {
  while (segment_ < found_.segments.size() &&
         found_.segments[segment_].kind == Redactor::Kind::kCovered) {
    advance(found_.segments[segment_].end - found_.segments[segment_].begin);
  }
}

bool ShellText::next(std::string* out) {
  leave_covered();
  if (segment_ == found_.segments.size()) return false;
  const Redactor::Segment& segment = found_.segments[segment_];
  if (segment.kind == Redactor::Kind::kMarked) {
    if (out != nullptr) *out += Redactor::kMark[place_.marked];
    ++place_.cursor;
    if (++place_.marked == Redactor::kMark.size()) {
      place_.marked = 0;
      advance(segment.end - segment.begin);
    }
    return true;
  }
  const std::size_t at = place_.offset - begin_;
  const std::string_view text = bytes_.substr(at, segment.end - at);
  const bool ends = is_end_ || segment_ + 1 < found_.segments.size();
  const std::size_t length = text.empty() ? 0 : next_length(text, ends);
  if (length == 0) return false;
  if (out != nullptr) *out += text.substr(0, length);
  ++place_.cursor;
  advance(length);
  return true;
}

std::string ShellText::take(std::uint64_t characters) {
  std::string taken;
  for (std::uint64_t at = 0; at < characters && next(&taken); ++at) continue;
  return to_valid_utf8(taken);
}

std::uint64_t ShellText::skip(std::uint64_t characters) {
  for (std::uint64_t skipped = 0; skipped < characters; ++skipped) {
    if (!next(nullptr)) return skipped;
  }
  return characters;
}

bool ShellText::more() {
  ShellText ahead = *this;
  return ahead.next(nullptr);
}

}  // namespace pyro::workspace
