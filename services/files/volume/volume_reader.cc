#include "services/files/volume/volume_reader.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "common/base/error.h"
#include "common/base/text.h"
#include "services/files/volume/content_reader.h"

namespace pyro::volume {
namespace {

Error damaged(std::string_view path, std::string_view what) {
  return internal_error("the volume is damaged: '{}' {}", printable(path), what);
}

tree::EntryKind kind_of(const Inode& inode) {
  const auto mode = inode.fields.i_mode;
  if (LINUX_S_ISDIR(mode)) return tree::EntryKind::kDirectory;
  if (LINUX_S_ISREG(mode)) return tree::EntryKind::kFile;
  return LINUX_S_ISLNK(mode) ? tree::EntryKind::kSymlink : tree::EntryKind::kOther;
}

struct ListedName {
  std::string name;
  ext2_ino_t number = 0;
};

/// Called by the library: nothing may be thrown through it.
int list_name(ext2_ino_t, int entry, ext2_dir_entry* found, int, int, char*, void* out) noexcept {
  const auto size = static_cast<std::size_t>(ext2fs_dirent_name_len(found));
  if (entry == DIRENT_OTHER_FILE && size != 0) {
    static_cast<std::vector<ListedName>*>(out)->push_back({{found->name, size}, found->inode});
  }
  return 0;
}

}  // namespace

class VolumeReader::Work {
 public:
  explicit Work(const std::filesystem::path& file)
      : filesystem_(file, Filesystem::Access::kRead),
        tree_(filesystem_.tree()),
        ctime_ns_(volume::read_inode(filesystem_, tree_).ctime_ns()) {}

  std::int64_t unchanged_ctime_ns() const { return ctime_ns_; }

  tree::Entry find(std::string_view path) const;
  std::vector<tree::Entry> list(std::string_view path) const;
  void read(std::string_view path, const std::function<void(std::string_view)>& take) const;
  void read_inode(std::uint64_t inode, std::uint64_t bytes, tree::Sink& content) const;
  void walk(tree::Sink& sink) const;

 private:
  using Visited = std::unordered_set<std::uint64_t>;

  tree::Entry look_at(std::string path, ext2_ino_t number) const;
  std::string link_target(std::string_view path, ext2_ino_t number, Inode& inode) const;
  std::vector<tree::Entry> list(const tree::Entry& directory) const;
  void read(const tree::Entry& file, const std::function<void(std::string_view)>& take) const;
  void walk(const tree::Entry& entry, tree::Sink& sink, Visited& visited) const;

  Filesystem filesystem_;
  ext2_ino_t tree_;
  std::int64_t ctime_ns_;
};

tree::Entry VolumeReader::Work::look_at(std::string path, ext2_ino_t number) const {
  Inode inode = volume::read_inode(filesystem_, number);
  tree::Entry entry{.path = std::move(path),
                    .kind = kind_of(inode),
                    .mode = inode.fields.i_mode & 07777U,
                    .mtime_ns = inode.mtime_ns(),
                    .inode = number,
                    .ctime_ns = inode.ctime_ns()};
  if (entry.kind == tree::EntryKind::kFile) entry.size = inode.size();
  if (entry.kind == tree::EntryKind::kSymlink) {
    entry.link_target = link_target(entry.path, number, inode);
  }
  return entry;
}

std::string VolumeReader::Work::link_target(std::string_view path, ext2_ino_t number,
                                            Inode& inode) const {
  const std::uint64_t size = inode.size();
  if (size > tree::kMaxPathBytes) throw damaged(path, "is a link that is too long");
  if (ext2fs_is_fast_symlink(inode.base()) != 0) {
    return {reinterpret_cast<const char*>(inode.fields.i_block), size};
  }
  std::string target;
  read_content(filesystem_, number, inode, [&target](std::string_view piece) { target += piece; });
  return target;
}

tree::Entry VolumeReader::Work::find(std::string_view path) const {
  tree::Entry entry = look_at("", tree_);
  for (std::size_t at = 0; !path.empty() && at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, end - at);
    const bool is_name =
        !name.empty() && name.size() <= tree::kMaxNameBytes && name != "." && name != "..";
    const ext2_ino_t number = is_name && entry.kind == tree::EntryKind::kDirectory
                                  ? filesystem_.lookup(static_cast<ext2_ino_t>(entry.inode), name)
                                  : 0;
    if (number == 0) return {.path = std::string(path), .kind = tree::EntryKind::kAbsent};
    entry = look_at(std::string(path.substr(0, end)), number);
    at = end + 1;
  }
  return entry;
}

std::vector<tree::Entry> VolumeReader::Work::list(std::string_view path) const {
  const tree::Entry directory = find(path);
  if (directory.kind != tree::EntryKind::kDirectory) {
    throw not_found("the volume has no directory '{}'", printable(path));
  }
  return list(directory);
}

std::vector<tree::Entry> VolumeReader::Work::list(const tree::Entry& directory) const {
  std::vector<ListedName> names;
  check(ext2fs_dir_iterate2(filesystem_, static_cast<ext2_ino_t>(directory.inode), 0, nullptr,
                            list_name, &names),
        "read directory");
  std::ranges::sort(names, {}, &ListedName::name);
  std::vector<tree::Entry> entries;
  entries.reserve(names.size());
  for (const auto& [name, number] : names) {
    if (name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
      throw damaged(directory.path, "holds a name that is none");
    }
    entries.push_back(look_at(directory.path.empty() ? name : directory.path + '/' + name, number));
  }
  return entries;
}

void VolumeReader::Work::read(std::string_view path,
                              const std::function<void(std::string_view)>& take) const {
  const tree::Entry file = find(path);
  if (file.kind != tree::EntryKind::kFile) {
    throw not_found("the volume has no file '{}'", printable(path));
  }
  read(file, take);
}

void VolumeReader::Work::read(const tree::Entry& file,
                              const std::function<void(std::string_view)>& take) const {
  const auto number = static_cast<ext2_ino_t>(file.inode);
  read_content(filesystem_, number, volume::read_inode(filesystem_, number), take);
}

void VolumeReader::Work::read_inode(std::uint64_t inode, std::uint64_t bytes,
                                    tree::Sink& content) const {
  const auto number = static_cast<ext2_ino_t>(inode);
  const bool is_number = number == inode && number >= EXT2_FIRST_INO(filesystem_->super) &&
                         number <= filesystem_->super->s_inodes_count;
  const Inode file = is_number ? volume::read_inode(filesystem_, number) : Inode{};
  // What was never written has no links and another ctime.
  if (kind_of(file) != tree::EntryKind::kFile || file.fields.i_links_count == 0 ||
      file.size() != bytes || file.ctime_ns() != ctime_ns_) {
    throw not_found("the volume has no file of {} bytes with inode {}", bytes, inode);
  }
  read_content(
      filesystem_, number, file, [&content](std::string_view piece) { content.data(piece); },
      [&content](std::uint64_t length) { content.hole(length); });
}

void VolumeReader::Work::walk(tree::Sink& sink) const {
  Visited visited;
  walk(look_at("", tree_), sink, visited);
}

void VolumeReader::Work::walk(const tree::Entry& entry, tree::Sink& sink, Visited& visited) const {
  if (entry.path.size() > tree::kMaxPathBytes) throw damaged(entry.path, "is too long a path");
  sink.entry(entry);
  if (entry.kind == tree::EntryKind::kFile) {
    read(entry, [&sink](std::string_view piece) { sink.data(piece); });
    sink.end_file();
  }
  if (entry.kind != tree::EntryKind::kDirectory) return;
  if (!visited.insert(entry.inode).second) throw damaged(entry.path, "is above itself");
  for (const tree::Entry& below : list(entry)) walk(below, sink, visited);
}

VolumeReader::VolumeReader(const std::filesystem::path& file)
    : work_(std::make_unique<Work>(file)) {}
VolumeReader::~VolumeReader() = default;
std::int64_t VolumeReader::unchanged_ctime_ns() const { return work_->unchanged_ctime_ns(); }
tree::Entry VolumeReader::find(std::string_view path) const { return work_->find(path); }
std::vector<tree::Entry> VolumeReader::list(std::string_view directory) const {
  return work_->list(directory);
}
void VolumeReader::read(std::string_view path,
                        const std::function<void(std::string_view)>& take) const {
  work_->read(path, take);
}
void VolumeReader::read_inode(std::uint64_t inode, std::uint64_t bytes, tree::Sink& content) const {
  work_->read_inode(inode, bytes, content);
}
void VolumeReader::walk(tree::Sink& sink) const { work_->walk(sink); }

}  // namespace pyro::volume
