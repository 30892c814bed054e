#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/volume/volume_reader.h"

namespace pyro::files {

/// Completes a tree that a guest sends without the content of unchanged files: the baseline has it,
/// by inode. Sending, reading and packing each of them in the guest would take far longer.
class KnownContent : public tree::Sink {
 public:
  /// Without a baseline that can be read nothing is known.
  KnownContent(const std::filesystem::path& baseline, tree::Sink& next, const Work& work);

  /// For api::agent::SendTree.
  std::optional<std::int64_t> ctime_ns() const;

  /// kInternal: a file that the baseline does not hold comes without content.
  void entry(const tree::Entry& entry) override;
  void data(std::string_view bytes) override;
  void hole(std::uint64_t bytes) override;
  void end_file() override;
  /// After the last entry.
  void finish();

 private:
  std::optional<volume::VolumeReader> baseline_;
  tree::Sink& next_;
  const Work& work_;
  /// The last file, while nothing of it has come.
  std::optional<tree::Entry> bare_;
};

}  // namespace pyro::files
