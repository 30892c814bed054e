#include "services/files/changed_paths.h"

#include "common/base/error.h"
#include "common/tree/path.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

using tree::Entry;
using tree::EntryKind;

constexpr EntryList::Limits kScanLimits{.entries = 1'000'000, .name_bytes = 128U << 20U};

bool is_git(std::string_view path) { return tree::name_of(path) == ".git"; }

/// The result of a scan in the order of its paths: a directory comes before its entries.
class Scan {
 public:
  Scan(GuestTree& guest, const volume::VolumeReader& baseline)
      : guest_(guest),
        baseline_(baseline),
        list_(kScanLimits, "too much has changed in /workspace to be compared: export it") {}

  void run() {
    take({.path = "", .unchanged_ctime_ns = baseline_.unchanged_ctime_ns(), .all = false});
    // A directory from elsewhere is new here with all that is in it, which does not show it.
    for (const auto& path : moved_directories()) take_moved(path);
  }

  /// Everything that the guest told, by path; of a path that came twice the later.
  const std::map<std::string, Entry>& entries() const { return entries_; }

  /// Whether the guest told all names in the directory.
  bool is_complete(const Entry& directory) const {
    return directory.ctime_ns != baseline_.unchanged_ctime_ns() || is_below_moved(directory.path);
  }

 private:
  void take(const api::agent::ScanTree& request) {
    guest_.stream(request, list_);
    for (auto& entry : list_.entries()) {
      if (entries_.size() == kScanLimits.entries) list_.entry(entry);  // refuses
      entries_[entry.path] = std::move(entry);
    }
    list_.entries().clear();
  }

  /// In a busy guest it may be gone again.
  void take_moved(const std::string& path) {
    try {
      take({.path = path, .all = true});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound && error.code() != ErrorCode::kFailedPrecondition) {
        throw;
      }
      std::erase_if(entries_, [&path](const auto& known) {
        return known.first == path || known.first.starts_with(path + "/");
      });
    }
  }

  std::vector<std::string> moved_directories() {
    std::vector<std::string> topmost;
    for (const auto& [path, entry] : entries_) {
      if (entry.kind != EntryKind::kDirectory || path.empty() || is_below_moved(path)) continue;
      const Entry before = baseline_.find(path);
      if (before.kind == EntryKind::kDirectory && before.inode == entry.inode) continue;
      topmost.push_back(path);
      moved_.insert(path);
    }
    return topmost;
  }

  bool is_below_moved(std::string path) const {
    while (!path.empty()) {
      if (moved_.contains(path)) return true;
      path = std::string(tree::parent_of(path));
    }
    return false;
  }

  GuestTree& guest_;
  const volume::VolumeReader& baseline_;
  EntryList list_;
  std::map<std::string, Entry> entries_;
  std::set<std::string> moved_;
};

/// Goes through a finished scan.
class Comparison {
 public:
  Comparison(const Scan& scan, const volume::VolumeReader& baseline, const Work& work)
      : scan_(scan), baseline_(baseline), work_(work) {
    for (const auto& [path, entry] : scan.entries()) {
      if (!path.empty()) parents_.insert(std::string(tree::parent_of(path)));
    }
  }

  ChangedPaths run() {
    for (const auto& [path, entry] : scan_.entries()) {
      check(work_);
      if (entry.kind == EntryKind::kDirectory) {
        if (scan_.is_complete(entry)) compare_directory(entry);
      } else {
        compare(entry);
      }
    }
    return std::move(changed_);
  }

 private:
  /// Something that is no directory now.
  void compare(const Entry& now) {
    const Entry before = baseline_.find(now.path);
    const bool untouched = before.kind == now.kind && before.inode == now.inode &&
                           now.ctime_ns == baseline_.unchanged_ctime_ns();
    if (untouched) return;
    changed_.present.emplace(now.path, now);
    if (before.kind == EntryKind::kDirectory) take_below(now.path);
  }

  /// A directory of which all names are known.
  void compare_directory(const Entry& now) {
    const bool is_empty = !parents_.contains(now.path);
    const Entry before = baseline_.find(now.path);
    if (before.kind == EntryKind::kDirectory) {
      take_gone_names(now.path);
    } else if (before.kind != EntryKind::kAbsent && !is_empty) {
      changed_.gone.emplace(now.path, before);
    }
    if (is_empty && !now.path.empty()) changed_.empty_directories.emplace(now.path, now);
  }

  void take_gone_names(const std::string& directory) {
    for (const auto& before : list(directory)) {
      if (!scan_.entries().contains(before.path)) take_gone(before);
    }
  }

  void take_gone(const Entry& before) {
    if (before.kind != EntryKind::kDirectory || !take_below(before.path)) {
      changed_.gone.emplace(before.path, before);
    }
  }

  /// False: the baseline's directory was empty.
  bool take_below(const std::string& directory) {
    check(work_);
    const auto entries = list(directory);
    for (const auto& entry : entries) take_gone(entry);
    return !entries.empty();
  }

  /// The baseline's entries in a directory, with whole paths.
  std::vector<Entry> list(const std::string& directory) const {
    std::vector<Entry> entries = baseline_.list(directory);
    std::erase_if(entries, [](const Entry& entry) { return is_git(entry.path); });
    return entries;
  }

  const Scan& scan_;
  const volume::VolumeReader& baseline_;
  const Work& work_;
  std::set<std::string> parents_;  ///< directories with something in them
  ChangedPaths changed_;
};

}  // namespace

ChangedPaths find_changed_paths(GuestTree& guest, const volume::VolumeReader& baseline,
                                const Work& work) {
  Scan scan(guest, baseline);
  scan.run();
  return Comparison(scan, baseline, work).run();
}

}  // namespace pyro::files
