#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/artifact.h"
#include "common/api/disks.h"
#include "common/api/field.h"

/// What pyro-disk-reader is asked on standard input and answers on standard output, in msgpack.
namespace pyro::files {

enum class DiskTask { kList, kRead };
constexpr std::array<std::pair<DiskTask, std::string_view>, 2> enum_names(DiskTask) {
  return {{{DiskTask::kList, "list"}, {DiskTask::kRead, "read"}}};
}

struct DiskQuestion {
  api::DiskPaths disks;
  DiskTask task = DiskTask::kList;
  api::Bytes path;
  bool recursive = false;
  std::uint64_t offset = 0;
  std::uint64_t max_bytes = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("disks", &DiskQuestion::disks, "The disks.", api::kRequired);
    f("task", &DiskQuestion::task, "list or read.", api::kRequired);
    f("path", &DiskQuestion::path, "Clean, from the guest's root on; empty: the root.");
    f("recursive", &DiskQuestion::recursive, "Of a list: with all below it.");
    f("offset", &DiskQuestion::offset, "Of a read: where it begins.");
    f("max_bytes", &DiskQuestion::max_bytes, "Of a read: how much it takes.");
  }
};

enum class DiskOutcome { kDone, kMissing, kNoFile, kTooMany, kNoEnvironment, kDamaged };
constexpr std::array<std::pair<DiskOutcome, std::string_view>, 6> enum_names(DiskOutcome) {
  return {{{DiskOutcome::kDone, "done"},
           {DiskOutcome::kMissing, "missing"},
           {DiskOutcome::kNoFile, "no_file"},
           {DiskOutcome::kTooMany, "too_many"},
           {DiskOutcome::kNoEnvironment, "no_environment"},
           {DiskOutcome::kDamaged, "damaged"}}};
}

struct DiskEntry {
  api::Bytes path;
  api::ArtifactType artifact_type = api::ArtifactType::kOther;
  std::uint64_t size_bytes = 0;
  api::Bytes link_target;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &DiskEntry::path, "Relative to what is listed; empty: that itself.");
    f("artifact_type", &DiskEntry::artifact_type, "Its kind.");
    f("size_bytes", &DiskEntry::size_bytes, "Of a file.");
    f("link_target", &DiskEntry::link_target, "Of a symlink.");
  }
};

struct DiskAnswer {
  DiskOutcome outcome = DiskOutcome::kDone;
  std::string detail;
  DiskEntry top;
  std::vector<DiskEntry> entries;
  api::Bytes content;

  template <class Fields>
  static void describe(Fields& f) {
    f("outcome", &DiskAnswer::outcome, "Whether it was done, or why not.", api::kRequired);
    f("detail", &DiskAnswer::detail, "Of damage: where it was met.", api::max_length(1024));
    f("top", &DiskAnswer::top, "What the path names.");
    f("entries", &DiskAnswer::entries, "Of a list: what is below a directory.");
    f("content", &DiskAnswer::content, "Of a read.");
  }
};

}  // namespace pyro::files
