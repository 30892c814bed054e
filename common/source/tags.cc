#include "common/source/tags.h"

#include <fcntl.h>

#include "common/base/files.h"
#include "common/base/text.h"
#include "common/source/ref_name.h"
#include "common/tree/path.h"
#include "common/tree/walk.h"

namespace pyro::source {
namespace {

constexpr std::string_view kTags = "refs/tags";
/// Of a loose ref: an id and a line break, or the name of another ref.
constexpr std::uint64_t kLooseLimit = 8192;
constexpr std::size_t kMostLoose = 200'000;

class LooseTags : public tree::Sink {
 public:
  explicit LooseTags(std::map<std::string, std::string>& tags) : tags_(tags) {}

  void entry(const tree::Entry& entry) override {
    ref_ = tree::join(std::string(kTags), entry.path);
    content_.clear();
  }
  void data(std::string_view bytes) override {
    content_ += bytes.substr(0, kLooseLimit - std::min<std::size_t>(content_.size(), kLooseLimit));
  }
  void end_file() override {
    const std::string id(trim(content_));
    if (!is_ref_name(ref_) || !is_object_id(id)) return;
    if (++count_ > kMostLoose) throw failed_precondition("it has over {} loose tags", kMostLoose);
    tags_[ref_] = id;
  }

 private:
  std::map<std::string, std::string>& tags_;
  std::string ref_;
  std::string content_;
  std::size_t count_ = 0;
};

}  // namespace

std::map<std::string, std::string> tags_of(const Repository& repository) {
  std::map<std::string, std::string> tags;
  for (const std::string& line : split(read_packed_refs(repository), '\n')) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    const std::string id = line.substr(0, space);
    const std::string name = line.substr(space + 1);
    if (name.starts_with("refs/tags/") && is_ref_name(name) && is_object_id(id)) tags[name] = id;
  }
  const UniqueFd top = open_file(repository.common_directory, O_RDONLY | O_DIRECTORY);
  if (tree::look_at(top.get(), std::string(kTags)).kind != tree::EntryKind::kDirectory) return tags;
  LooseTags loose(tags);
  const auto wanted = [](const tree::Entry& entry) {
    return entry.kind == tree::EntryKind::kDirectory ||
           (entry.kind == tree::EntryKind::kFile && entry.size <= kLooseLimit);
  };
  tree::walk(top.get(), std::string(kTags), {.wanted = wanted}, loose);
  return tags;
}

}  // namespace pyro::source
