#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/workspace_files.h"
#include "common/secrets/redactor.h"
#include "common/tree/tree.h"

/// What callers see of files, wherever they were read.
namespace pyro::files {

/// The most entries of a list, else resource_exhausted.
inline constexpr std::size_t kListEntries = 65536;
/// Of its paths and link targets: those of a list that is full of the longest ones would fill the
/// memory.
inline constexpr std::size_t kListNameBytes = 32U << 20U;

/// Of a path that is shown as `path`, absolute. The first entry, by its path "", is the thing
/// itself: a directory is not in its own list.
api::FileList list_reply(const std::string& path, std::vector<tree::Entry> entries,
                         std::uint32_t offset);

/// What is read for a page: as much around it as tells which of its bytes belong to a secret.
class PageWindow {
 public:
  /// `redactor`: of the secrets that the page does not show, or null.
  PageWindow(const api::ReadFile& request, std::shared_ptr<const Redactor> redactor);

  std::uint64_t offset() const { return offset_; }
  std::uint64_t max_bytes() const { return max_bytes_; }

  /// Of a file of `size_bytes`; `content` is what it has there. `path` is shown.
  api::FileContent reply(const std::string& path, std::uint64_t size_bytes,
                         std::string_view content) const;

 private:
  std::size_t before() const { return request_.offset - offset_; }

  const api::ReadFile& request_;
  std::shared_ptr<const Redactor> redactor_;
  std::uint64_t offset_;
  std::uint64_t max_bytes_;
};

}  // namespace pyro::files
