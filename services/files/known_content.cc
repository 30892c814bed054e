#include "services/files/known_content.h"

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/log/log.h"
#include "services/files/work_check.h"

namespace pyro::files {

KnownContent::KnownContent(const std::filesystem::path& baseline, tree::Sink& next,
                           const Work& work)
    : next_(next), work_(work) {
  try {
    if (!baseline.empty()) baseline_.emplace(baseline);
  } catch (const Error& error) {
    // The guest has all of it, so that a lost baseline costs an export nothing but time.
    log::warn("all content comes from the guest: {}", error.message());
  }
}

std::optional<std::int64_t> KnownContent::ctime_ns() const {
  return baseline_ ? std::optional(baseline_->unchanged_ctime_ns()) : std::nullopt;
}

void KnownContent::entry(const tree::Entry& entry) {
  finish();
  next_.entry(entry);
  if (entry.kind == tree::EntryKind::kFile) bare_ = entry;
}

void KnownContent::data(std::string_view bytes) {
  bare_.reset();
  next_.data(bytes);
}

void KnownContent::hole(std::uint64_t bytes) {
  bare_.reset();
  next_.hole(bytes);
}

void KnownContent::end_file() {
  bare_.reset();
  next_.end_file();
}

void KnownContent::finish() {
  if (!bare_) return;
  check(work_);
  const tree::Entry file = *std::exchange(bare_, std::nullopt);
  if (!baseline_ || file.ctime_ns != ctime_ns()) {
    throw internal_error("the guest's agent sent a wrong answer: '{}' without its content",
                         printable(file.path));
  }
  baseline_->read_inode(file.inode, file.size, next_);
  next_.end_file();
}

}  // namespace pyro::files
