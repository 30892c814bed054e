#include "services/files/git_seed/fresh_git_directory.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <set>

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

std::string configuration(const BorrowedRepository& borrowed) {
  const bool is_sha1 = borrowed.object_format() == "sha1";
  std::string text =
      fmt::format("[core]\n\trepositoryformatversion = {}\n\tfilemode = {}\n\tbare = false\n",
                  is_sha1 ? 0 : 1, borrowed.has_file_modes());
  if (!is_sha1)
    text += fmt::format("[extensions]\n\tobjectformat = {}\n", borrowed.object_format());
  return text;
}

}  // namespace

void give_fresh_git_directory(const source::Repository& repository,
                              const BorrowedRepository& borrowed, const PackedHistory* history,
                              tree::Sink& sink, const Work& work) {
  GitDirectory git(sink, work);
  git.directory("");
  const bool on_branch = !repository.branch.empty();
  git.text("HEAD", on_branch ? "ref: " + repository.branch + "\n" : repository.head + "\n");
  git.text("config", configuration(borrowed));
  for (const char* directory : {"objects/info", "objects/pack", "refs/heads", "refs/tags"}) {
    git.directory(directory);
  }
  if (history == nullptr) return;
  if (on_branch) git.text(repository.branch, repository.head + "\n");
  if (!borrowed.shallow().empty()) git.text("shallow", borrowed.shallow());
  git.file("objects/pack/" + history->name + ".pack", 0444, history->pack);
  git.file("objects/pack/" + history->name + ".idx", 0444, history->idx);
  git.file("index", 0644, history->index);
}

}  // namespace pyro::files
