#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/api/agent_files.h"
#include "common/tree/stream.h"
#include "common/tree/write.h"
#include "guest/agent/files/workspace.h"

namespace pyro::agent::files {

/// A change under construction beside the tree, in `.pyro/staging/<random>`: `new` has the layout
/// of the tree from its top, `old` takes the deleted entries. The caller holds a pass.
class StagedChange {
 public:
  StagedChange(const VolumeDirectories& directories, const std::string& destination);
  /// Removes everything staged.
  ~StagedChange();
  StagedChange(const StagedChange&) = delete;
  StagedChange& operator=(const StagedChange&) = delete;

  /// Takes more of the stream. kInvalidArgument: it is invalid, or not a directory.
  void stage(std::string_view stream);

  /// Answers CommitChange; the caller also holds the changes' lock.
  void commit(const api::agent::CommitChange& request);

 private:
  /// Decodes the stream and writes it.
  struct Unpacking {
    Unpacking(UniqueFd directory, const std::string& name)
        : parent(std::move(directory)),
          writer(parent.get(), name, tree::Trust::kKeep),
          decoder(writer) {}
    UniqueFd parent;
    tree::Writer writer;
    tree::Decoder decoder;
  };

  void begin();
  void finish_stream();

  const VolumeDirectories& directories_;
  const std::string destination_;
  const std::string id_;
  UniqueFd staging_;
  std::unique_ptr<Unpacking> unpacking_;
};

}  // namespace pyro::agent::files
