#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "common/tree/tree.h"

namespace pyro::volume {

/// Writes a tree into a volume that make_blank_volume made and that was never mounted. Everything
/// is root's; modes and mtimes are the entries' own (a link's mode is 0777, as Linux has it), every
/// ctime is `ctime_ns`: the guest changed an entry with another one. Sockets, FIFOs and devices are
/// skipped and counted. The entry "" gives the tree's own mode and mtime; without it they are 0755
/// and `ctime_ns`.
/// kInvalidArgument: a path that is not clean or comes twice, a parent that is no directory of the
/// tree, a link with an empty target. resource_exhausted: the seed does not fit.
/// Without finish(), or after an Error, the file is garbage: delete it.
class VolumeWriter : public tree::Sink {
 public:
  VolumeWriter(const std::filesystem::path& file, std::int64_t ctime_ns);
  ~VolumeWriter() override;
  void entry(const tree::Entry& entry) override;
  void data(std::string_view bytes) override;
  void end_file() override;
  /// Completes the file (without fsync). Returns the totals, without the top itself.
  tree::Totals finish();

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace pyro::volume
