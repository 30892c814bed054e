#include "guest/agent/files/files_service.h"

#include "common/api/msgpack_codec.h"
#include "common/base/files.h"
#include "guest/agent/files/reading.h"
#include "guest/agent/files/replace_file.h"
#include "guest/agent/files/scan.h"

namespace pyro::agent::files {
namespace {

namespace wire = api::agent;

/// Small enough that other streams of the link get their turn, large enough to be few.
constexpr std::size_t kOutputBytes = 256U << 10U;

}  // namespace

FilesService::FilesService(Workspace& workspace, Output output)
    : workspace_(workspace), output_(std::move(output)) {
  dispatcher_.serve(wire::FilesAgentApi{},
                    [this](const auto& request) { return api::to_msgpack(handle(request)); });
}

FilesService::~FilesService() {
  freeze_.reset();
  forget_change();
}

std::string FilesService::dispatch(const link::Frame& request) {
  const auto run = dispatcher_.find(request.method, request.body.data);
  if (!run) {
    throw invalid_argument("the agent's files port knows no method '{}'", request.method);
  }
  return run();
}

/// Collects what `action` encodes into pieces.
template <class Action>
api::Nothing FilesService::stream(Action&& action) {
  std::string piece;
  const auto flush = [&] {
    if (!piece.empty()) output_(piece);
    piece.clear();
  };
  piece.reserve(kOutputBytes);
  tree::Encoder encoder([&](std::string_view bytes) {
    if (piece.size() + bytes.size() > kOutputBytes) flush();
    piece.append(bytes);
  });
  action(workspace_.directories().tree.get(), encoder);
  encoder.done();
  flush();
  return {};
}

void FilesService::refuse_if_frozen_here() {
  if (freeze_ && !freeze_->ended()) {
    throw failed_precondition("the workspace is frozen by this connection: thaw it first");
  }
}

StagedChange& FilesService::change() {
  if (!change_) throw failed_precondition("no change was begun on this connection");
  return *change_;
}

void FilesService::forget_change() {
  if (!change_) return;
  const WriteGate::Pass pass(workspace_.gate());
  change_.reset();
}

api::Nothing FilesService::handle(const wire::MountVolume&) {
  workspace_.mount();
  return {};
}

api::Nothing FilesService::handle(const wire::ReleaseVolume&) {
  forget_change();
  workspace_.release();
  return {};
}

wire::VolumeUsage FilesService::handle(const wire::FreezeVolume& request) {
  refuse_if_frozen_here();
  wire::VolumeUsage usage;
  freeze_.reset();
  freeze_ = workspace_.freeze(std::chrono::milliseconds(request.limit_ms), usage);
  return usage;
}

wire::Thawed FilesService::handle(const wire::ThawVolume&) {
  workspace_.directories();
  const bool held = freeze_ && freeze_->end();
  freeze_.reset();
  return {.held = held};
}

api::Nothing FilesService::handle(const wire::ListTree& request) {
  return stream([&](int tree, tree::Sink& sink) { list_tree(tree, request, sink); });
}

api::Nothing FilesService::handle(const wire::ScanTree& request) {
  return stream([&](int tree, tree::Sink& sink) { scan_tree(tree, request, sink); });
}

api::Nothing FilesService::handle(const wire::SendTree& request) {
  return stream([&](int tree, tree::Sink& sink) { send_tree(tree, request, sink); });
}

api::Nothing FilesService::handle(const wire::SendFiles& request) {
  return stream([&](int tree, tree::Sink& sink) { send_files(tree, request, sink); });
}

wire::FilePart FilesService::handle(const wire::ReadPart& request) {
  return read_part(workspace_.directories().tree.get(), request);
}

api::Nothing FilesService::handle(const wire::ReplaceFile& request) {
  const VolumeDirectories& directories = workspace_.directories();
  refuse_if_frozen_here();
  const WriteGate::Pass pass(workspace_.gate());
  const std::lock_guard lock(workspace_.changes());
  replace_file(directories, request);
  return {};
}

api::Nothing FilesService::handle(const wire::BeginChange& request) {
  const VolumeDirectories& directories = workspace_.directories();
  refuse_if_frozen_here();
  if (change_) throw failed_precondition("a change was begun on this connection already");
  const WriteGate::Pass pass(workspace_.gate());
  change_ = std::make_unique<StagedChange>(directories, request.destination);
  return {};
}

api::Nothing FilesService::handle(const wire::StageTree& request) {
  refuse_if_frozen_here();
  StagedChange& staged = change();
  const WriteGate::Pass pass(workspace_.gate());
  // A commit that comes all the same must not put a failed change in place.
  Cleanup forget([this] { change_.reset(); });
  staged.stage(request.stream.data);
  forget.dismiss();
  return {};
}

api::Nothing FilesService::handle(const wire::CommitChange& request) {
  refuse_if_frozen_here();
  StagedChange& staged = change();
  const WriteGate::Pass pass(workspace_.gate());
  const Cleanup forget([this] { change_.reset(); });
  const std::lock_guard lock(workspace_.changes());
  staged.commit(request);
  return {};
}

}  // namespace pyro::agent::files
