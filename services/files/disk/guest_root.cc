#include "services/files/disk/guest_root.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/tree/path.h"

namespace pyro::files {
namespace {

using volume::DiskNode;
using volume::GuestDisk;

constexpr std::string_view kUpper = "upper";
constexpr std::string_view kTree = "tree";
constexpr std::string_view kWorkspace = "workspace";
/// As Linux has it.
constexpr int kMostLinks = 40;

bool is_directory(const DiskNode& node) { return node.kind == tree::EntryKind::kDirectory; }

/// The agent's own, which it mounts anew at each start.
bool is_run_time_only(std::string_view directory, std::string_view name) {
  return directory == "run" && name.starts_with("pyro-");
}

bool is_name(std::string_view name) {
  return name != "." && name != ".." && name.find_first_of(std::string_view("/\0", 2)) == name.npos;
}

/// The parts of a path, the last one first.
std::vector<std::string> parts_reversed(std::string_view path) {
  auto parts = split(path, '/');
  std::erase_if(parts, [](const std::string& part) { return part.empty() || part == "."; });
  return {parts.rbegin(), parts.rend()};
}

}  // namespace

const GuestDisk& GuestRoot::environment() {
  if (!environment_) {
    if (!std::filesystem::exists(paths_.environment)) throw NoEnvironment{};
    environment_ = std::make_unique<GuestDisk>(paths_.environment);
  }
  return *environment_;
}

const GuestDisk& GuestRoot::system() {
  if (!system_) system_ = std::make_unique<GuestDisk>(paths_.system);
  return *system_;
}

/// Before a first boot the system disk has no upper directory.
GuestRoot::Place GuestRoot::root() {
  const DiskNode lower = environment().root();
  const auto upper = system().find(system().root(), kUpper);
  return merged({}, "", upper, lower);
}

std::optional<GuestRoot::Place> GuestRoot::workspace() {
  if (!workspace_) workspace_ = std::make_unique<GuestDisk>(paths_.workspace);
  const auto tree = workspace_->find(workspace_->root(), kTree);
  if (!tree) return std::nullopt;
  return Place{.node = *tree, .disk = workspace_.get(), .path = std::string(kWorkspace)};
}

/// Of what the upper layer and the lower one have at a place, of which one has something.
GuestRoot::Place GuestRoot::merged(const Place& directory, std::string_view name,
                                   const std::optional<DiskNode>& upper,
                                   const std::optional<DiskNode>& lower) {
  Place place{.path = tree::join(directory.path, name)};
  place.node = upper ? *upper : *lower;
  place.disk = upper ? &system() : &environment();
  if (upper && lower && is_directory(*upper) && is_directory(*lower) &&
      !system().is_opaque(*upper)) {
    place.below = lower;
  }
  return place;
}

std::optional<GuestRoot::Place> GuestRoot::child(const Place& directory, std::string_view name) {
  if (is_run_time_only(directory.path, name)) return std::nullopt;
  if (directory.path.empty() && name == kWorkspace) return workspace();
  const auto first = directory.disk->find(directory.node, name);
  if (directory.disk != system_.get()) {
    if (!first) return std::nullopt;
    return Place{.node = *first, .disk = directory.disk, .path = tree::join(directory.path, name)};
  }
  if (first && first->is_whiteout) return std::nullopt;
  const auto lower = directory.below ? environment().find(*directory.below, name) : std::nullopt;
  if (!first && !lower) return std::nullopt;
  return merged(directory, name, first, lower);
}

std::optional<GuestRoot::Place> GuestRoot::find(std::string_view path) {
  std::vector<std::string> left = parts_reversed(path);
  // A path into /workspace needs no other disk, which may be the damaged one.
  std::vector<Place> above;
  if (!left.empty() && left.back() == kWorkspace) {
    auto top = workspace();
    if (!top) return std::nullopt;
    above = {Place{}, *std::move(top)};
    left.pop_back();
  } else {
    above = {root()};
  }
  for (int links = 0; !left.empty();) {
    const std::string name = std::exchange(left.back(), {});
    left.pop_back();
    if (name == "..") {
      if (above.size() > 1) above.pop_back();
      continue;
    }
    if (above.back().disk == nullptr) above.back() = root();
    if (!is_directory(above.back().node) || name.size() > tree::kMaxNameBytes) return std::nullopt;
    auto found = child(above.back(), name);
    if (!found) return std::nullopt;
    if (found->node.kind != tree::EntryKind::kSymlink || left.empty()) {
      above.push_back(*std::move(found));
      continue;
    }
    if (++links > kMostLinks) return std::nullopt;
    const std::string target = found->disk->link_target(found->node);
    if (target.starts_with('/')) above.resize(1);
    const auto parts = parts_reversed(target);
    left.insert(left.end(), parts.begin(), parts.end());
  }
  if (above.back().disk == nullptr) above.back() = root();
  return above.back();
}

std::optional<std::vector<GuestRoot::Named>> GuestRoot::list(const Place& directory,
                                                             std::size_t most) {
  struct Layers {
    std::uint32_t upper = 0;
    std::uint32_t lower = 0;
  };
  std::map<std::string, Layers, std::less<>> names;
  bool too_many = false;
  const auto collect = [&](std::uint32_t Layers::*layer) {
    return [&names, &too_many, most, layer](std::string_view name, std::uint32_t inode) {
      if (!is_name(name)) throw internal_error("the disk is damaged: a name that is none");
      names[std::string(name)].*layer = inode;
      too_many = names.size() > most;
      return !too_many;
    };
  };
  directory.disk->list(directory.node, collect(&Layers::upper));
  if (directory.below && !too_many) {
    environment().list(*directory.below, collect(&Layers::lower));
  }
  if (too_many) return std::nullopt;
  std::vector<Named> found;
  for (const auto& [name, layers] : names) {
    if (is_run_time_only(directory.path, name)) continue;
    if (directory.path.empty() && name == kWorkspace) continue;
    std::optional<DiskNode> upper;
    std::optional<DiskNode> lower;
    if (layers.upper != 0) upper = directory.disk->look_at(layers.upper);
    if (directory.disk == system_.get()) {
      if (upper && upper->is_whiteout) continue;
      if (layers.lower != 0) lower = environment().look_at(layers.lower);
      found.push_back({name, merged(directory, name, upper, lower)});
    } else {
      found.push_back({name, Place{.node = *upper,
                                   .disk = directory.disk,
                                   .path = tree::join(directory.path, name)}});
    }
  }
  if (directory.path.empty()) {
    if (auto top = workspace()) {
      const auto after = std::find_if(found.begin(), found.end(),
                                      [](const Named& named) { return named.name > kWorkspace; });
      found.insert(after, {std::string(kWorkspace), *std::move(top)});
    }
  }
  return found;
}

}  // namespace pyro::files
