#include "services/files/archive.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/base/timespec.h"
#include "common/tree/path.h"
#include "services/files/archive_members.h"
#include "services/files/tar_reader.h"

namespace pyro::files {
namespace {

using tree::Entry;
using tree::EntryKind;

constexpr std::uint64_t kMaxMembers = 2'000'000;

/// One reading of an archive: first to learn what is in it, then to give it away.
class ArchiveReading {
 public:
  ArchiveReading(int file, const std::filesystem::path& path, const std::function<void()>& check,
                 tree::Sink& sink, std::uint64_t limit_bytes)
      : file_(file),
        shown_(printable(path.string())),
        check_(check),
        sink_(sink),
        limit_bytes_(limit_bytes) {}

  tree::Totals read() {
    Entry top{.kind = EntryKind::kDirectory, .mode = 0755, .mtime_ns = own_mtime_ns()};
    learn();
    sink_.entry(top);
    give();
    return totals_;
  }

 private:
  std::int64_t own_mtime_ns() const;
  void learn();
  void give();
  void give_member(TarReader& reader, const Entry& entry);
  void give_directory(const std::string& path, Member& member);
  void give_parents(const std::string& path);
  Error changed() const {
    return failed_precondition(reason::kChangedMeanwhile, "'{}' changed while it was read", shown_);
  }

  const int file_;
  const std::string shown_;
  const std::function<void()>& check_;
  tree::Sink& sink_;
  const std::uint64_t limit_bytes_;
  MemberTable members_;
  std::uint64_t count_ = 0;
  tree::Totals totals_;
};

std::int64_t ArchiveReading::own_mtime_ns() const {
  struct stat info {};
  if (::fstat(file_, &info) != 0) throw system_error(fmt::format("stat '{}'", shown_));
  if (!S_ISREG(info.st_mode)) {
    throw invalid_argument("'{}' is not a readable tar archive: it is no regular file", shown_);
  }
  return nanoseconds_of(info.st_mtim);
}

void ArchiveReading::learn() {
  TarReader reader(file_, shown_, check_);
  std::uint64_t bytes = 0;
  while (const auto header = reader.next()) {
    check_();
    if (++count_ > kMaxMembers) {
      throw resource_exhausted(reason::kTooLarge, "'{}' has more than {} members", shown_,
                               kMaxMembers);
    }
    const auto entry = entry_of(*header);
    if (!entry) continue;
    if (entry->size > limit_bytes_ - bytes) {
      throw resource_exhausted(reason::kTooLarge, "the files in '{}' have more than {}", shown_,
                               human_size(limit_bytes_));
    }
    bytes += entry->size;
    members_.take(count_, *entry);
  }
  members_.check_links();
}

void ArchiveReading::give() {
  TarReader reader(file_, shown_, check_);
  std::uint64_t number = 0;
  while (const auto header = reader.next()) {
    check_();
    ++number;
    const auto entry = entry_of(*header);
    if (!entry) continue;
    Member* member = members_.find(entry->path);
    if (member == nullptr || member->kind != entry->kind) throw changed();
    if (member->last != number) continue;
    give_parents(entry->path);
    if (entry->kind == EntryKind::kDirectory) {
      give_directory(entry->path, *member);
    } else {
      give_member(reader, *entry);
    }
  }
  if (number != count_) throw changed();
}

void ArchiveReading::give_parents(const std::string& path) {
  const std::string parent(tree::parent_of(path));
  Member* member = parent.empty() ? nullptr : members_.find(parent);
  if (member == nullptr || member->given) return;
  give_parents(parent);
  give_directory(parent, *member);
}

void ArchiveReading::give_directory(const std::string& path, Member& member) {
  if (member.given) return;
  member.given = true;
  ++totals_.entries;
  sink_.entry({.path = path,
               .kind = EntryKind::kDirectory,
               .mode = member.mode,
               .mtime_ns = member.mtime_ns});
}

void ArchiveReading::give_member(TarReader& reader, const Entry& entry) {
  ++totals_.entries;
  sink_.entry(entry);
  if (entry.kind != EntryKind::kFile) return;
  reader.read_content([this](std::string_view bytes) {
    sink_.data(bytes);
    totals_.bytes += bytes.size();
  });
  sink_.end_file();
}

}  // namespace

bool is_archive_name(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz");
}

tree::Totals read_archive(int file, const std::filesystem::path& path,
                          const std::function<void()>& check, tree::Sink& sink,
                          std::uint64_t limit_bytes) {
  const std::function<void()> checked = check ? check : [] {};
  return ArchiveReading(file, path, checked, sink, limit_bytes).read();
}

}  // namespace pyro::files
