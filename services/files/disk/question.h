#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/disks.h"
#include "common/api/field.h"
#include "common/tree/tree.h"

/// What pyro-disk-reader is asked on standard input, in msgpack, and answers on standard output.
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

struct DiskAnswer {
  DiskOutcome outcome = DiskOutcome::kDone;
  std::string detail;
  /// Of what is done: what the path names, as "", and what is below a listed directory.
  std::vector<tree::Entry> entries{};
  /// Of a read.
  std::string content{};

  /// What goes in front of the tree.
  template <class Fields>
  static void describe(Fields& f) {
    f("outcome", &DiskAnswer::outcome, "Whether it was done, or why not.", api::kRequired);
    f("detail", &DiskAnswer::detail, "Of damage: where it was met.", api::max_length(1024));
  }
};

/// Four bytes of length, little-endian, so much msgpack, and the entries as a tree (common/tree),
/// with the content in the first one.
std::string encoded(const DiskAnswer& answer);

/// The bytes may be hostile. kInvalidArgument, kResourceExhausted: they are no answer to the
/// question, or more than it asks for.
DiskAnswer decoded(std::string_view bytes, const DiskQuestion& question);

}  // namespace pyro::files
