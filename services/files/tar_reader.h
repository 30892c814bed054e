#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pyro::files {

/// A member's header, unchecked. The views are valid until the next one is read.
struct TarHeader {
  std::string_view path;
  std::optional<std::string_view> hard_link;
  std::string_view symlink;
  unsigned type = 0;  ///< AE_IFREG, AE_IFDIR, …
  std::uint32_t mode = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t size = 0;
};

/// Sets the C locale for this thread until the end of the scope.
class CLocale {
 public:
  CLocale();
  CLocale(const CLocale&) = delete;
  CLocale& operator=(const CLocale&) = delete;
  ~CLocale();

 private:
  locale_t own_;
  locale_t previous_;
};

/// Reads a tar archive from its start, plain or gzip. Names are bytes, in every locale and for
/// every character set of the archive. Throws kInvalidArgument `'shown' is not a readable tar
/// archive: …`. Make and use it on one thread, on the stack.
class TarReader {
 public:
  /// Does not close `file`. Calls `check` between pieces of content.
  TarReader(int file, std::string shown, const std::function<void()>& check);

  /// nullopt at the end. Skips the unread content of the last member.
  std::optional<TarHeader> next();
  /// The content of the last member; holes are zeros.
  void read_content(const std::function<void(std::string_view)>& take);

 private:
  bool read_header();
  void skip_content();
  bool read_block(std::string_view& block, std::uint64_t& offset);
  [[noreturn]] void refuse() const;

  const std::string shown_;
  const std::function<void()>& check_;
  const CLocale locale_{};
  const std::unique_ptr<::archive, decltype(&archive_read_free)> archive_;
  archive_entry* entry_ = nullptr;
  bool content_waits_ = false;
};

}  // namespace pyro::files
