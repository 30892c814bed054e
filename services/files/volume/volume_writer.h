#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "common/tree/tree.h"

namespace pyro::volume {

/// Writes a tree into a never mounted volume of make_blank_volume. Everything belongs to root;
/// modes and mtimes come from the entries (a link's mode is 0777, as in Linux). Every ctime is
/// `ctime_ns`: another ctime later shows a change by the guest. Skips and counts sockets, FIFOs and
/// devices. The entry "" sets the tree's own mode and mtime; defaults: 0755 and `ctime_ns`.
/// kInvalidArgument: a path that is not clean or a duplicate, a parent that is not a directory of
/// the tree, a link with an empty target. resource_exhausted: the seed does not fit.
/// Without finish(), or after an Error, the file is garbage: delete it.
class VolumeWriter : public tree::Sink {
 public:
  VolumeWriter(const std::filesystem::path& file, std::int64_t ctime_ns);
  ~VolumeWriter() override;
  void entry(const tree::Entry& entry) override;
  void data(std::string_view bytes) override;
  void end_file() override;
  /// One more name for a file that was written whole. False: it has as many as a file may have.
  bool link(const tree::Entry& entry, std::uint64_t inode);
  /// Of the entry that came last.
  std::uint64_t last_inode() const;
  /// Completes the file (without fsync). Returns the totals, without the top itself.
  tree::Totals finish();

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace pyro::volume
