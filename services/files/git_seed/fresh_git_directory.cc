#include "services/files/git_seed/fresh_git_directory.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <set>
#include <utility>

#include "common/base/error.h"
#include "common/tree/path.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

/// Entries below `.git`, each directory given before what is in it.
class GitDirectory {
 public:
  GitDirectory(tree::Sink& sink, const Work& work)
      : sink_(sink),
        work_(work),
        now_ns_(std::chrono::duration_cast<std::chrono::nanoseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count()) {}

  void directory(const std::string& path) {
    if (!given_.insert(path).second) return;
    if (!path.empty()) directory(std::string(tree::parent_of(path)));
    sink_.entry({.path = tree::join(".git", path),
                 .kind = tree::EntryKind::kDirectory,
                 .mode = 0755,
                 .mtime_ns = now_ns_});
  }

  void text(const std::string& path, std::string_view content) {
    begin(path, 0644, content.size());
    sink_.data(content);
    sink_.end_file();
  }

  void file(const std::string& path, std::uint32_t mode, const UniqueFd& content) {
    const off_t size = ::lseek(content.get(), 0, SEEK_END);
    if (size < 0) throw system_error("lseek");
    begin(path, mode, static_cast<std::uint64_t>(size));
    std::array<char, 64U << 10U> buffer;
    for (off_t at = 0; at < size;) {
      check(work_);
      const ssize_t got = ::pread(content.get(), buffer.data(), buffer.size(), at);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw system_error("read the packed history", got < 0 ? errno : EIO);
      sink_.data({buffer.data(), static_cast<std::size_t>(got)});
      at += got;
    }
    sink_.end_file();
  }

 private:
  void begin(const std::string& path, std::uint32_t mode, std::uint64_t size) {
    directory(std::string(tree::parent_of(path)));
    sink_.entry({.path = tree::join(".git", path),
                 .kind = tree::EntryKind::kFile,
                 .mode = mode,
                 .mtime_ns = now_ns_,
                 .size = size});
  }

  tree::Sink& sink_;
  const Work& work_;
  const std::int64_t now_ns_;
  std::set<std::string> given_;
};

std::string configuration(const BorrowedRepository& repository, const HostView& view,
                          bool lacks_objects) {
  const bool is_sha256 = repository.ids() == DigestKind::kSha256;
  std::string text = fmt::format("[core]\n\trepositoryformatversion = {}\n\tbare = false\n{}",
                                 is_sha256 || lacks_objects ? 1 : 0, view.core_settings);
  if (is_sha256 || lacks_objects) text += "[extensions]\n";
  if (is_sha256) text += "\tobjectformat = sha256\n";
  // git bears with what is missing only in a partial clone.
  if (lacks_objects) text += "\tpartialClone = origin\n[remote \"origin\"]\n\tpromisor = true\n";
  if (!view.user_settings.empty()) text += "[user]\n" + view.user_settings;
  return text;
}

/// The tags as git keeps them packed.
std::string packed_refs(const std::string& tags) { return "# pack-refs with: sorted \n" + tags; }

}  // namespace

void give_fresh_git_directory(const BorrowedRepository& repository, const HostView& view,
                              const PackedHistory* history, std::string_view index,
                              tree::Sink& sink) {
  const source::Repository& source = repository.source();
  GitDirectory git(sink, repository.work());
  git.directory("");
  const bool on_branch = !source.branch.empty();
  git.text("HEAD", on_branch ? "ref: " + source.branch + "\n" : source.head + "\n");
  git.text("config", configuration(repository, view, history != nullptr && history->lacks_objects));
  for (const char* directory : {"objects/info", "objects/pack", "refs/heads", "refs/tags"}) {
    git.directory(directory);
  }
  for (const auto& [name, text] :
       {std::pair{"info/attributes", &view.attributes}, std::pair{"info/exclude", &view.exclude},
        std::pair{"info/sparse-checkout", &view.sparse_checkout}}) {
    if (!text->empty()) git.text(name, *text);
  }
  if (history == nullptr) return;
  if (on_branch) git.text(source.branch, source.head + "\n");
  if (!history->shallow.empty()) git.text("shallow", history->shallow);
  if (!history->tags.empty()) git.text("packed-refs", packed_refs(history->tags));
  for (const auto& [name, pack, idx] : history->packs) {
    const std::string base = "objects/pack/" + name;
    git.file(base + ".pack", 0444, pack);
    git.file(base + ".idx", 0444, idx);
    if (history->lacks_objects) git.text(base + ".promisor", "");
  }
  git.text("index", index);
}

}  // namespace pyro::files
