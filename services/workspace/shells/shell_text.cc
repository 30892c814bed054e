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

std::size_t ShellText::next_length() const {
  if (bytes_.empty()) return 0;
  const std::size_t claimed = claimed_length(bytes_.front());
  // Whether it is one shows only with its last byte, unless one before that is wrong.
  if (claimed > bytes_.size() && !is_end_ && whole_characters(bytes_) == 0) return 0;
  return invalid_bytes(bytes_.substr(0, claimed)) == 0 ? claimed : 1;
}

void ShellText::advance(std::size_t bytes) {
  for (const char byte : bytes_.substr(0, bytes)) place_.characters += begins_character(byte);
  ++place_.cursor;
  place_.offset += bytes;
  bytes_.remove_prefix(bytes);
}

std::string ShellText::take(std::uint64_t characters) {
  const std::string_view from = bytes_;
  skip(characters);
  return to_valid_utf8(from.substr(0, from.size() - bytes_.size()));
}

std::uint64_t ShellText::skip(std::uint64_t characters) {
  for (std::uint64_t skipped = 0; skipped < characters; ++skipped) {
    const std::size_t length = next_length();
    if (length == 0) return skipped;
    advance(length);
  }
  return characters;
}

}  // namespace pyro::workspace
