#include "services/files/archive_members.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/path.h"

namespace pyro::files {
namespace {

using tree::Entry;
using tree::EntryKind;

constexpr std::size_t kMaxPaths = 2'000'000;
/// A small archive can hold many long paths: this bounds the memory for them.
constexpr std::size_t kMaxAllPathBytes = 256U << 20U;

/// A member's name, in a refusal.
constexpr std::size_t kShownColumns = 200;
std::string shown(std::string_view name) { return one_line(name, kShownColumns); }

/// `path` without empty parts and `.`; "" is the archive's top.
std::string clean(std::string_view path) {
  const std::string_view whole = path;
  if (path.empty()) throw invalid_argument("archive member path is empty");
  if (path.starts_with('/')) {
    throw invalid_argument("absolute archive member paths are not allowed: {}", shown(path));
  }
  std::string cleaned;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part == "..") throw invalid_argument("unsafe archive member path: {}", shown(whole));
    if (part.size() > tree::kMaxNameBytes) {
      throw invalid_argument("archive member name is longer than {} bytes: {}", tree::kMaxNameBytes,
                             printable(part));
    }
    if (!cleaned.empty()) cleaned += '/';
    cleaned += part;
  }
  if (cleaned.size() > tree::kMaxPathBytes) {
    throw invalid_argument("archive member path is longer than {} bytes: {}", tree::kMaxPathBytes,
                           printable(cleaned));
  }
  return cleaned;
}

EntryKind kind_of(const TarHeader& header) {
  if (header.hard_link) {
    throw invalid_argument("hard links are not allowed in workspace archives: {}",
                           shown(header.path));
  }
  switch (header.type) {
    case AE_IFREG:
      return EntryKind::kFile;
    case AE_IFDIR:
      return EntryKind::kDirectory;
    case AE_IFLNK:
      return EntryKind::kSymlink;
    default:
      throw invalid_argument("unsupported archive member type: {}", shown(header.path));
  }
}

void check_link(const Entry& link) {
  const std::string name = printable(link.path);
  if (link.link_target.empty()) throw invalid_argument("symlink {} has an empty target", name);
  if (link.link_target.size() > tree::kMaxPathBytes) {
    throw invalid_argument("symlink {} has a target of over {} bytes", name, tree::kMaxPathBytes);
  }
  if (tree::leads_out(link.path, link.link_target)) throw tree::escapes(link.path);
}

std::string_view word_for(EntryKind kind) {
  if (kind == EntryKind::kDirectory) return "directory";
  return kind == EntryKind::kSymlink ? "symlink" : "file";
}

Error conflict(EntryKind kind, const std::string& path) {
  return invalid_argument("{} conflicts with existing path: {}", word_for(kind),
                          path.empty() ? "." : printable(path));
}

}  // namespace

std::optional<Entry> entry_of(const TarHeader& header) {
  Entry entry;
  entry.path = clean(header.path);
  entry.kind = kind_of(header);
  entry.mode = header.mode;
  entry.mtime_ns = header.mtime_ns;
  if (entry.path.empty() && entry.kind != EntryKind::kDirectory) {
    throw conflict(entry.kind, entry.path);
  }
  if (entry.path.empty()) return std::nullopt;
  if (entry.kind == EntryKind::kFile) entry.size = header.size;
  if (entry.kind == EntryKind::kSymlink) {
    entry.link_target = header.symlink;
    check_link(entry);
  }
  return entry;
}

void MemberTable::take(std::uint64_t number, const Entry& entry) {
  take_parents(entry);
  const Member member{.kind = entry.kind,
                      .last = number,
                      .mode = entry.mode,
                      .mtime_ns = entry.mtime_ns,
                      .link_target = entry.link_target};
  Member* known = find(entry.path);
  if (known == nullptr) return add(entry.path, member);
  if (known->kind != entry.kind) throw conflict(entry.kind, entry.path);
  *known = member;
}

void MemberTable::take_parents(const Entry& entry) {
  std::string path(tree::parent_of(entry.path));
  for (; !path.empty(); path = tree::parent_of(path)) {
    const Member* known = find(path);
    if (known == nullptr) {
      add(path, {.mtime_ns = entry.mtime_ns});
    } else if (known->kind == EntryKind::kSymlink) {
      throw invalid_argument("archive member would traverse through a symlinked path: {}",
                             shown(entry.path));
    } else if (known->kind != EntryKind::kDirectory) {
      throw conflict(EntryKind::kDirectory, path);
    } else {
      return;
    }
  }
}

void MemberTable::check_links() const {
  for (const auto& [path, member] : members_) {
    if (member.kind == EntryKind::kSymlink && leads_out(path, member.link_target)) {
      throw tree::escapes(path);
    }
  }
}

/// As the kernel would walk it. More links in a row than that it does not follow either.
bool MemberTable::leads_out(const std::string& link, const std::string& target) const {
  constexpr int kMaxLinks = 40;
  std::string at(tree::parent_of(link));
  std::vector<std::string> ahead;  // the next part last
  const auto walk_on = [&ahead](const std::string& path) {
    const auto parts = split(path, '/');
    ahead.insert(ahead.end(), parts.rbegin(), parts.rend());
  };
  walk_on(target);
  for (int links = 0; !ahead.empty();) {
    const std::string part = std::move(ahead.back());
    ahead.pop_back();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (at.empty()) return true;
      at = tree::parent_of(at);
      continue;
    }
    const auto met = members_.find(tree::join(at, part));
    if (met == members_.end() || met->second.kind != EntryKind::kSymlink) {
      at = tree::join(at, part);
    } else if (++links > kMaxLinks) {
      return false;
    } else {
      walk_on(met->second.link_target);
    }
  }
  return false;
}

Member* MemberTable::find(const std::string& path) {
  const auto found = members_.find(path);
  return found == members_.end() ? nullptr : &found->second;
}

void MemberTable::add(const std::string& path, const Member& member) {
  path_bytes_ += path.size();
  if (members_.size() >= kMaxPaths) {
    throw resource_exhausted(reason::kTooLarge, "the archive has more than {} paths", kMaxPaths);
  }
  if (path_bytes_ > kMaxAllPathBytes) {
    throw resource_exhausted(reason::kTooLarge, "the paths of the archive take more than {}",
                             human_size(kMaxAllPathBytes));
  }
  members_.emplace(path, member);
}

}  // namespace pyro::files
