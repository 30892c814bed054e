#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "services/files/guest_tree.h"

namespace pyro::files {

/// A file of the guest with its content, or what is there instead.
struct FetchedFile {
  tree::Entry entry;
  std::string content{};   ///< as much of it as was to be kept
  bool too_large = false;  ///< there was more; then `content` is its digest (SHA-256)
};

/// Fetches the files at the paths, in that order, a bounded number of them at a time, and gives
/// each to `take`. A file longer than `content_limit` bytes comes as its digest.
/// kInternal: the guest answers with other paths than it was asked for.
void fetch_files(GuestTree& guest, const std::vector<std::string>& paths, std::size_t content_limit,
                 const std::function<void(FetchedFile)>& take);

/// Keeps content up to a limit, and of what is longer the digest.
class BoundedContent {
 public:
  explicit BoundedContent(std::size_t limit) : limit_(limit) {}
  ~BoundedContent();
  BoundedContent(const BoundedContent&) = delete;
  BoundedContent& operator=(const BoundedContent&) = delete;

  void append(std::string_view bytes);
  bool too_large() const { return digest_ != nullptr; }
  /// The content or the digest; empties this.
  std::string take();

 private:
  std::size_t limit_;
  std::string content_;
  void* digest_ = nullptr;  ///< EVP_MD_CTX, once there was too much
};

}  // namespace pyro::files
