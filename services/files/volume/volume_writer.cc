#include "services/files/volume/volume_writer.h"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/tree/path.h"
#include "services/files/volume/content_writer.h"
#include "services/files/volume/directory_blocks.h"
#include "services/files/volume/inode_numbers.h"

namespace pyro::volume {
namespace {

/// A directory's path is as clean as its parent's, so that only its name needs a look.
void require_clean(std::string_view path, std::string_view name) {
  if (path.size() > tree::kMaxPathBytes || path.front() == '/' || name.empty() ||
      name.size() > tree::kMaxNameBytes || name == "." || name == ".." ||
      name.find('\0') != std::string_view::npos) {
    throw invalid_argument("'{}' is no path of a tree", printable(path));
  }
}

std::uint8_t directory_type(const tree::Entry& entry) {
  switch (entry.kind) {
    case tree::EntryKind::kDirectory:
      return EXT2_FT_DIR;
    case tree::EntryKind::kFile:
      return EXT2_FT_REG_FILE;
    case tree::EntryKind::kSymlink:
      return EXT2_FT_SYMLINK;
    default:
      throw invalid_argument("'{}' is nothing that a tree holds", printable(entry.path));
  }
}

}  // namespace

class VolumeWriter::Work {
 public:
  Work(const std::filesystem::path& file, std::int64_t ctime_ns);

  void add(const tree::Entry& entry);
  void data(std::string_view bytes);
  void end_file();
  bool link(const tree::Entry& entry, ext2_ino_t number);
  ext2_ino_t last_inode() const { return last_inode_; }
  tree::Totals finish();

 private:
  /// A directory whose names are gathered until the end.
  struct Directory {
    ext2_ino_t number = 0;
    ext2_ino_t parent = 0;
    std::uint32_t mode = 0;
    std::int64_t mtime_ns = 0;
    std::uint32_t subdirectories = 0;
    std::vector<DirectoryName> names{};
  };

  /// The file whose data comes.
  struct OpenFile {
    ext2_ino_t number;
    Inode inode;
    ContentWriter content;
  };

  struct PathHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Directory& directory(std::string_view path);
  void add_name(const tree::Entry& entry, ext2_ino_t number);
  void add_top(const tree::Entry& entry);
  void add_directory(const tree::Entry& entry, ext2_ino_t number);
  void add_link(const tree::Entry& entry, ext2_ino_t number);
  void write_directory(const Directory& directory);
  void free_blocks_of_tree();

  Filesystem filesystem_;
  std::int64_t ctime_ns_;
  BlockWriter writer_;
  InodeNumbers numbers_;
  /// In the order of their inodes, which is the order in which they are written.
  std::deque<Directory> directories_;
  std::unordered_map<std::string, Directory*, PathHash, std::equal_to<>> by_path_;
  std::optional<OpenFile> file_;
  ext2_ino_t last_inode_ = 0;
  tree::Totals totals_;
};

namespace {

Filesystem& with_bitmaps(Filesystem& filesystem) {
  check(ext2fs_read_bitmaps(filesystem), "read bitmaps");
  return filesystem;
}

}  // namespace

VolumeWriter::Work::Work(const std::filesystem::path& file, std::int64_t ctime_ns)
    : filesystem_(file, Filesystem::Access::kWrite),
      ctime_ns_(ctime_ns),
      writer_(with_bitmaps(filesystem_)),
      numbers_(filesystem_) {
  Directory& top = directories_.emplace_back(Directory{
      .number = filesystem_.tree(), .parent = EXT2_ROOT_INO, .mode = 0755, .mtime_ns = ctime_ns});
  by_path_.emplace("", &top);
}

VolumeWriter::Work::Directory& VolumeWriter::Work::directory(std::string_view path) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) {
    throw invalid_argument("'{}' is no directory of the tree", printable(path));
  }
  return *found->second;
}

void VolumeWriter::Work::add(const tree::Entry& entry) {
  end_file();
  if (entry.kind == tree::EntryKind::kOther) {
    ++totals_.skipped;
    return;
  }
  if (entry.path.empty()) return add_top(entry);
  const bool is_directory = entry.kind == tree::EntryKind::kDirectory;
  last_inode_ =
      numbers_.take(is_directory ? InodeNumbers::Use::kDirectory : InodeNumbers::Use::kOther);
  add_name(entry, last_inode_);
  if (is_directory) {
    add_directory(entry, last_inode_);
  } else if (entry.kind == tree::EntryKind::kSymlink) {
    add_link(entry, last_inode_);
  } else {
    file_.emplace(OpenFile{last_inode_,
                           make_inode(LINUX_S_IFREG, entry.mode, entry.mtime_ns, ctime_ns_),
                           ContentWriter(writer_)});
  }
}

void VolumeWriter::Work::add_name(const tree::Entry& entry, ext2_ino_t number) {
  const std::string_view path = entry.path;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  Directory& parent = directory(tree::parent_of(path));
  require_clean(path, name);
  parent.names.push_back({std::string(name), number, directory_type(entry)});
  if (entry.kind == tree::EntryKind::kDirectory) ++parent.subdirectories;
  ++totals_.entries;
}

bool VolumeWriter::Work::link(const tree::Entry& entry, ext2_ino_t number) {
  end_file();
  Inode inode = read_inode(filesystem_, number);
  if (inode.fields.i_links_count >= EXT2_LINK_MAX) return false;
  ++inode.fields.i_links_count;
  add_name(entry, number);
  write_inode(filesystem_, number, inode);
  last_inode_ = number;
  return true;
}

void VolumeWriter::Work::add_top(const tree::Entry& entry) {
  if (entry.kind != tree::EntryKind::kDirectory) {
    throw invalid_argument("the top of a workspace must be a directory");
  }
  directories_.front().mode = entry.mode;
  directories_.front().mtime_ns = entry.mtime_ns;
}

void VolumeWriter::Work::add_directory(const tree::Entry& entry, ext2_ino_t number) {
  const ext2_ino_t parent = directory(tree::parent_of(entry.path)).number;
  Directory& added = directories_.emplace_back(Directory{
      .number = number, .parent = parent, .mode = entry.mode, .mtime_ns = entry.mtime_ns});
  if (!by_path_.emplace(entry.path, &added).second) {
    throw invalid_argument("'{}' comes twice", printable(entry.path));
  }
}

void VolumeWriter::Work::add_link(const tree::Entry& entry, ext2_ino_t number) {
  const std::string_view target = entry.link_target;
  if (target.empty()) {
    throw invalid_argument("symlink {} has an empty target", printable(entry.path));
  }
  if (target.size() > tree::kMaxPathBytes || target.find('\0') != std::string_view::npos) {
    throw invalid_argument("the target of symlink {} is none", printable(entry.path));
  }
  Inode inode = make_inode(LINUX_S_IFLNK, 0777, entry.mtime_ns, ctime_ns_);
  if (target.size() < sizeof inode.fields.i_block) {
    target.copy(reinterpret_cast<char*>(inode.fields.i_block), target.size());
    inode.set_size(target.size());
  } else {
    ContentWriter content(writer_);
    content.append(target);
    content.finish(filesystem_, number, inode);
  }
  write_inode(filesystem_, number, inode);
}

void VolumeWriter::Work::data(std::string_view bytes) {
  if (!file_) throw invalid_argument("data outside of a file");
  file_->content.append(bytes);
}

void VolumeWriter::Work::end_file() {
  if (!file_) return;
  totals_.bytes += file_->content.size();
  file_->content.finish(filesystem_, file_->number, file_->inode);
  write_inode(filesystem_, file_->number, file_->inode);
  file_.reset();
}

void VolumeWriter::Work::write_directory(const Directory& directory) {
  const DirectoryBlocks laid_out =
      lay_out_directory(filesystem_, directory.number, directory.parent, directory.names);
  Inode inode = make_inode(LINUX_S_IFDIR, directory.mode, directory.mtime_ns, ctime_ns_);
  // A count that does not fit is 1, which means many.
  const std::uint32_t links = 2 + directory.subdirectories;
  inode.fields.i_links_count = links < EXT2_LINK_MAX ? static_cast<std::uint16_t>(links) : 1;
  if (laid_out.indexed) inode.fields.i_flags |= EXT2_INDEX_FL;
  inode.set_size(laid_out.blocks.size());
  ExtentList extents;
  extents.append(writer_, 0, laid_out.blocks);
  extents.store(filesystem_, writer_, directory.number, inode);
  write_inode(filesystem_, directory.number, inode);
}

/// It gets new ones, as many as it needs.
void VolumeWriter::Work::free_blocks_of_tree() {
  blk64_t block = 0;
  check(ext2fs_bmap2(filesystem_, directories_.front().number, nullptr, nullptr, 0, 0, nullptr,
                     &block),
        "find the block of the tree");
  ext2fs_block_alloc_stats2(filesystem_, block, -1);
}

tree::Totals VolumeWriter::Work::finish() {
  end_file();
  free_blocks_of_tree();
  for (const Directory& directory : directories_) write_directory(directory);
  writer_.finish();
  filesystem_.close();
  return totals_;
}

VolumeWriter::VolumeWriter(const std::filesystem::path& file, std::int64_t ctime_ns)
    : work_(std::make_unique<Work>(file, ctime_ns)) {}
VolumeWriter::~VolumeWriter() = default;
void VolumeWriter::entry(const tree::Entry& entry) { work_->add(entry); }
void VolumeWriter::data(std::string_view bytes) { work_->data(bytes); }
void VolumeWriter::end_file() { work_->end_file(); }
bool VolumeWriter::link(const tree::Entry& entry, std::uint64_t inode) {
  return work_->link(entry, static_cast<ext2_ino_t>(inode));
}
std::uint64_t VolumeWriter::last_inode() const { return work_->last_inode(); }
tree::Totals VolumeWriter::finish() { return work_->finish(); }

}  // namespace pyro::volume
