#include "services/files/fetched_files.h"

#include <optional>

#include "common/base/error.h"

namespace pyro::files {
namespace {

/// The most that api::agent::SendFiles takes; it keeps a request far below a frame's limit.
constexpr std::size_t kPathsAtOnce = 1024;
constexpr std::size_t kPathBytesAtOnce = 1U << 20U;

Error wrong_file() {
  return internal_error("the guest's agent sent a wrong answer: not the files it was asked for");
}

/// Takes the files of one request.
class FileReceiver : public tree::Sink {
 public:
  FileReceiver(const std::vector<std::string>& paths, std::size_t limit,
               const std::function<void(FetchedFile)>& take)
      : paths_(paths), limit_(limit), take_(take) {}

  void entry(const tree::Entry& entry) override {
    end();
    if (next_ == paths_.size() || entry.path != paths_[next_]) throw wrong_file();
    ++next_;
    entry_ = entry;
    content_.emplace(limit_);
  }
  void data(std::string_view bytes) override { content_->append(bytes); }
  void end_file() override {}

  /// After the last.
  void finish() {
    end();
    if (next_ != paths_.size()) throw wrong_file();
  }

 private:
  void end() {
    if (!content_) return;
    const bool too_large = content_->too_large();
    take_({.entry = std::move(entry_), .content = content_->take(), .too_large = too_large});
    content_.reset();
  }

  const std::vector<std::string>& paths_;
  std::size_t limit_;
  const std::function<void(FetchedFile)>& take_;
  std::size_t next_ = 0;
  tree::Entry entry_;
  std::optional<BoundedContent> content_;
};

}  // namespace

void BoundedContent::append(std::string_view bytes) {
  if (!digest_ && content_.size() + bytes.size() <= limit_) {
    content_ += bytes;
    return;
  }
  if (!digest_) {
    digest_.emplace(DigestKind::kSha256).add(content_);
    content_ = {};
  }
  digest_->add(bytes);
}

std::string BoundedContent::take() { return digest_ ? digest_->finish() : std::move(content_); }

void fetch_files(GuestTree& guest, const std::vector<std::string>& paths, std::size_t content_limit,
                 const std::function<void(FetchedFile)>& take) {
  for (std::size_t begin = 0; begin < paths.size();) {
    api::agent::SendFiles request;
    std::size_t bytes = 0;
    while (begin < paths.size() && request.paths.size() < kPathsAtOnce &&
           bytes < kPathBytesAtOnce) {
      bytes += paths[begin].size();
      request.paths.push_back(paths[begin++]);
    }
    FileReceiver receiver(request.paths, content_limit, take);
    guest.stream(request, receiver);
    receiver.finish();
  }
}

}  // namespace pyro::files
