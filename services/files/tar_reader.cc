#include "services/files/tar_reader.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pyro::files {
namespace {

constexpr std::size_t kReadBytes = 64U << 10U;

std::string_view view_of(const char* text) { return text == nullptr ? std::string_view() : text; }

std::int64_t mtime_of(archive_entry* entry) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kSecond - 1;
  return std::clamp<std::int64_t>(archive_entry_mtime(entry), -kMost, kMost) * kSecond +
         std::clamp<std::int64_t>(archive_entry_mtime_nsec(entry), 0, kSecond - 1);
}

}  // namespace

CLocale::CLocale() : own_(::newlocale(LC_ALL_MASK, "C", nullptr)), previous_(::uselocale(own_)) {}

CLocale::~CLocale() {
  ::uselocale(previous_);
  ::freelocale(own_);
}

// libarchive turns the UTF-8 of pax headers into the locale's character set. Where that can be done
// it also composes accents, so that a name comes out with other bytes; where it cannot, it leaves
// the name's bytes alone: in the C locale nothing but ASCII can.
TarReader::TarReader(int file, std::string shown, const std::function<void()>& check)
    : shown_(std::move(shown)), check_(check), archive_(archive_read_new(), archive_read_free) {
  if (::lseek(file, 0, SEEK_SET) != 0) throw system_error(fmt::format("lseek '{}'", shown_));
  for (const int result : {archive_read_support_filter_gzip(archive_.get()),
                           archive_read_support_format_tar(archive_.get()),
                           archive_read_open_fd(archive_.get(), file, kReadBytes)}) {
    if (result != ARCHIVE_OK) refuse();
  }
}

void TarReader::refuse() const {
  const char* why = archive_error_string(archive_.get());
  throw invalid_argument("'{}' is not a readable tar archive: {}", shown_,
                         why == nullptr ? "unknown format" : printable(why));
}

std::optional<TarHeader> TarReader::next() {
  skip_content();
  if (!read_header()) return std::nullopt;
  TarHeader header;
  header.path = view_of(archive_entry_pathname(entry_));
  if (const char* target = archive_entry_hardlink(entry_)) header.hard_link = target;
  header.symlink = view_of(archive_entry_symlink(entry_));
  header.type = archive_entry_filetype(entry_);
  header.mode = archive_entry_perm(entry_) & 07777U;
  header.mtime_ns = mtime_of(entry_);
  header.size = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry_), 0));
  return header;
}

bool TarReader::read_header() {
  const int result = archive_read_next_header(archive_.get(), &entry_);
  if (result == ARCHIVE_EOF) return false;
  // A warning is about a name that is no text in this locale, which is meant so.
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) refuse();
  content_waits_ = true;
  return true;
}

void TarReader::skip_content() {
  // libarchive seeks in a plain file; what is compressed must be read, and may be endless.
  const bool plain = archive_filter_code(archive_.get(), 0) == ARCHIVE_FILTER_NONE;
  if (!content_waits_ || plain) return;
  std::string_view block;
  std::uint64_t offset = 0;
  while (read_block(block, offset)) check_();
}

bool TarReader::read_block(std::string_view& block, std::uint64_t& offset) {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t at = 0;
  const int result = archive_read_data_block(archive_.get(), &bytes, &size, &at);
  content_waits_ = result != ARCHIVE_EOF;
  if (result == ARCHIVE_EOF) return false;
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) refuse();
  block = {static_cast<const char*>(bytes), size};
  offset = static_cast<std::uint64_t>(at);
  return true;
}

void TarReader::read_content(const std::function<void(std::string_view)>& take) {
  static constexpr std::array<char, kReadBytes> kZeros{};
  std::uint64_t position = 0;
  const auto fill_to = [&](std::uint64_t end) {
    while (position < end) {
      const auto piece = std::min<std::uint64_t>(end - position, kZeros.size());
      take({kZeros.data(), piece});
      position += piece;
      check_();
    }
  };
  std::string_view block;
  std::uint64_t offset = 0;
  while (read_block(block, offset)) {
    fill_to(offset);
    if (!block.empty()) take(block);
    position += block.size();
    check_();
  }
  fill_to(static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry_), 0)));
}

}  // namespace pyro::files
