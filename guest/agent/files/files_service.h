#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/api/agent_files.h"
#include "common/api/dispatcher.h"
#include "common/link/message_frame.h"
#include "guest/agent/files/staged_change.h"
#include "guest/agent/files/workspace.h"

namespace pyro::agent::files {

/// Answers the operations of one connection: checks the request, calls a noun, builds the reply.
class FilesService {
 public:
  /// Takes a piece of a tree stream; returns once the host has room for it.
  using Output = std::function<void(std::string_view)>;

  FilesService(Workspace& workspace, Output output);
  /// Undoes a freeze of this connection, then discards its staged change.
  ~FilesService();
  FilesService(const FilesService&) = delete;
  FilesService& operator=(const FilesService&) = delete;

  /// Runs the handler of the request's method and returns the reply as msgpack. A missing handler
  /// does not compile.
  std::string dispatch(const link::Frame& request);

  api::Nothing handle(const api::agent::MountVolume& request);
  api::Nothing handle(const api::agent::ReleaseVolume& request);
  api::agent::VolumeUsage handle(const api::agent::FreezeVolume& request);
  api::agent::Thawed handle(const api::agent::ThawVolume& request);
  api::Nothing handle(const api::agent::ListTree& request);
  api::Nothing handle(const api::agent::ScanTree& request);
  api::Nothing handle(const api::agent::SendTree& request);
  api::Nothing handle(const api::agent::SendFiles& request);
  api::agent::FilePart handle(const api::agent::ReadPart& request);
  api::Nothing handle(const api::agent::ReplaceFile& request);
  api::Nothing handle(const api::agent::BeginChange& request);
  api::Nothing handle(const api::agent::StageTree& request);
  api::Nothing handle(const api::agent::CommitChange& request);

 private:
  template <class Action>
  api::Nothing stream(Action&& action);
  StagedChange& change();
  void forget_change();
  void refuse_if_frozen_here();

  Workspace& workspace_;
  const Output output_;
  std::unique_ptr<Freeze> freeze_;
  std::unique_ptr<StagedChange> change_;
  api::Dispatcher<std::string> dispatcher_;
};

}  // namespace pyro::agent::files
