#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/digest/digest.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// A file of the guest with its content, or another entry at its path.
struct FetchedFile {
  tree::Entry entry;
  std::string content{};   ///< up to the limit
  bool too_large = false;  ///< then `content` is its digest (SHA-256)
};

/// Fetches the files at the paths, in that order, a bounded number at a time, and passes each to
/// `take`. A file longer than `content_limit` bytes comes as its digest.
/// kInternal: the guest answers with other paths.
void fetch_files(GuestTree& guest, const std::vector<std::string>& paths, std::size_t content_limit,
                 const std::function<void(FetchedFile)>& take);

/// Keeps content up to a limit, else its digest.
class BoundedContent {
 public:
  explicit BoundedContent(std::size_t limit) : limit_(limit) {}
  BoundedContent(const BoundedContent&) = delete;
  BoundedContent& operator=(const BoundedContent&) = delete;

  void append(std::string_view bytes);
  bool too_large() const { return digest_.has_value(); }
  /// Returns the content or the digest, and empties this.
  std::string take();

 private:
  std::size_t limit_;
  std::string content_;
  std::optional<Digest> digest_;  ///< once over the limit
};

}  // namespace pyro::files
