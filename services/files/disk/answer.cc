#include "services/files/disk/answer.h"

#include <new>
#include <set>
#include <string>
#include <utility>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/tree/path.h"
#include "services/files/disk/guest_root.h"
#include "services/files/file_replies.h"

namespace pyro::files {
namespace {

constexpr std::size_t kDetailColumns = 200;

struct TooMany {};

/// Collects what is below a directory.
class Listing {
 public:
  Listing(GuestRoot& root, bool recursive) : root_(root), recursive_(recursive) {}

  static tree::Entry entry_of(std::string path, const GuestRoot::Place& place) {
    tree::Entry entry{.path = std::move(path), .kind = place.node.kind, .size = place.node.size};
    if (entry.kind == tree::EntryKind::kSymlink) {
      entry.link_target = place.disk->link_target(place.node);
    }
    return entry;
  }

  void add_all_of(const GuestRoot::Place& directory, const std::string& path) {
    if (!seen_.emplace(directory.disk, directory.node.inode).second) {
      throw internal_error("'{}' is above itself", path);
    }
    const auto named = root_.list(directory, kListEntries - entries_.size());
    if (!named) throw TooMany{};
    for (const auto& [name, place] : *named) {
      const std::string below = tree::join(path, name);
      if (below.size() > tree::kMaxPathBytes) throw internal_error("a path without an end");
      add(entry_of(below, place));
      if (recursive_ && place.node.kind == tree::EntryKind::kDirectory) add_all_of(place, below);
    }
  }

  std::vector<tree::Entry> take() { return std::move(entries_); }

 private:
  void add(tree::Entry entry) {
    name_bytes_ += entry.path.size() + entry.link_target.size();
    if (entries_.size() == kListEntries || name_bytes_ > kListNameBytes) throw TooMany{};
    entries_.push_back(std::move(entry));
  }

  GuestRoot& root_;
  const bool recursive_;
  std::set<std::pair<const volume::GuestDisk*, std::uint32_t>> seen_;
  std::size_t name_bytes_ = 0;
  std::vector<tree::Entry> entries_;
};

DiskAnswer found(const DiskQuestion& question) {
  GuestRoot root(question.disks);
  const auto place = root.find(question.path.data);
  if (!place) return {.outcome = DiskOutcome::kMissing};
  DiskAnswer answer;
  if (question.task == DiskTask::kRead) {
    if (place->node.kind != tree::EntryKind::kFile) return {.outcome = DiskOutcome::kNoFile};
    answer.content = place->disk->read(place->node, question.offset, question.max_bytes);
  } else if (place->node.kind == tree::EntryKind::kDirectory) {
    Listing listing(root, question.recursive);
    listing.add_all_of(*place, "");
    answer.entries = listing.take();
  }
  answer.entries.insert(answer.entries.begin(), Listing::entry_of("", *place));
  return answer;
}

}  // namespace

DiskAnswer answer(const DiskQuestion& question) {
  try {
    return found(question);
  } catch (const TooMany&) {
    return {.outcome = DiskOutcome::kTooMany};
  } catch (const GuestRoot::NoEnvironment&) {
    return {.outcome = DiskOutcome::kNoEnvironment};
  } catch (const Error& error) {
    return {.outcome = DiskOutcome::kDamaged, .detail = one_line(error.message(), kDetailColumns)};
  } catch (const std::bad_alloc&) {
    return {.outcome = DiskOutcome::kDamaged, .detail = "it asks for more memory than there is"};
  }
}

}  // namespace pyro::files
