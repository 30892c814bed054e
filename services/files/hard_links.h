#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "services/files/volume/volume_writer.h"

namespace pyro::files {

/// Passes a tree on to a volume, in which a file with several names remains one file.
class HardLinks : public tree::Sink {
 public:
  explicit HardLinks(volume::VolumeWriter& next) : next_(next) {}

  void entry(const tree::Entry& entry) override;
  void data(std::string_view bytes) override;
  void end_file() override;

 private:
  volume::VolumeWriter& next_;
  /// The inode in the volume by the source's device and inode.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> written_;
  bool is_linked_ = false;  ///< the entry that came last: its content is there
};

}  // namespace pyro::files
